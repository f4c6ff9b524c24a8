// Owns: what a client's request to sign a person out says (OpenID Connect RP-Initiated Logout 1.0). Leaves to
// web/logout-desk.ts: signing out, and asking first.
import { type Language, languageOfTags } from '../../core/language.ts';
import type { Client } from '../../parties/client.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import type { HintedSubject } from './id-token-hint.ts';

export interface EndSessionRequest {
  /** Registered, with state; null: the person stays on our page. */
  readonly returnTo: string | null;
  /** An ID token of this very session was shown: the person need not be asked (§2). */
  readonly isOf: (sid: Uint8Array) => boolean;
  /** What its people read (ui_locales, §2); null: it leaves that to their browsers. */
  readonly language: Language | null;
  /** What the page that asks hands on, so that it can be read again. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Why nothing can be done: shown on a page, because no return address is verified. */
export type EndSessionProblem = 'unregistered-return-address' | 'hint-invalid' | 'unknown-client' | 'unreadable';

export type ReadEndSession = (
  pairs: Iterable<readonly [string, string]>,
) => Promise<EndSessionRequest | { readonly problem: EndSessionProblem }>;

/** What a request may say, and in how many characters: all of it must fit into an address. */
const CAPS = {
  id_token_hint: 4096,
  client_id: 251,
  post_logout_redirect_uri: 512,
  state: 512,
  ui_locales: 128,
} as const;
const NAMES = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'] as const;

export function createEndSession(deps: {
  readonly registry: Pick<PartyRegistry, 'findClient'>;
  readonly hintedSubject: (token: string) => Promise<HintedSubject | null>;
  readonly sidFor: (client: Client, sid: Uint8Array) => string;
}): ReadEndSession {
  const clientOf = async (
    hint: string | null,
    named: string | null,
  ): Promise<{ readonly client: Client | null; readonly hinted: HintedSubject | null } | EndSessionProblem> => {
    const hinted = hint === null ? null : await deps.hintedSubject(hint);
    if (hint !== null && hinted === null) return 'hint-invalid';
    // §2: both, when both are there, must be about the same client.
    if (hinted !== null && named !== null && !hinted.audiences.includes(named)) return 'hint-invalid';
    const clientId = named ?? hinted?.audiences[0] ?? null;
    const client = clientId === null ? null : (deps.registry.findClient(clientId) ?? null);
    return clientId !== null && client === null ? 'unknown-client' : { client, hinted };
  };

  return async (pairs) => {
    const values = readEndSession(pairs);
    if (values === null) return { problem: 'unreadable' };
    const [hint, named, asked, state] = NAMES.map((name) => values.get(name) ?? null);
    const found = await clientOf(hint ?? null, named ?? null);
    if (typeof found === 'string') return { problem: found };
    const { client, hinted } = found;
    const registered = client?.metadata.post_logout_redirect_uris ?? [];
    // §3: compared as text. Without a client nobody has registered it.
    if (asked !== null && asked !== undefined && !registered.includes(asked)) {
      return { problem: 'unregistered-return-address' };
    }
    return {
      returnTo: asked === null || asked === undefined ? null : withState(asked, state ?? null),
      isOf: (sid) => client !== null && hinted?.sid === deps.sidFor(client, sid),
      language: languageOfTags(values.get('ui_locales') ?? null),
      fields: [...values],
    };
  };
}

/** Of all pairs those that mean something here, each once. Null: one is repeated, or too long. */
export function readEndSession(pairs: Iterable<readonly [string, string]>): ReadonlyMap<string, string> | null {
  const values = new Map<string, string>();
  for (const [name, value] of pairs) {
    const known = NAMES.find((one) => one === name);
    if (value === '' || known === undefined) continue;
    if (values.has(known) || value.length > CAPS[known]) return null;
    values.set(known, value);
  }
  return values;
}

function withState(uri: string, state: string | null): string {
  if (state === null) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`;
}
