// Owns: the claims request parameter (OpenID Connect Core §5.5). Leaves to claims-release.ts: who is told what.
import { z } from 'zod';

/** null: the claim in the usual way. */
const member = z
  .object({
    essential: z.boolean().optional(),
    value: z.union([z.string(), z.number(), z.boolean()]).optional(),
    values: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .max(10)
      .optional(),
  })
  .nullable();
const members = z.record(z.string().max(64), member);
const schema = z.object({ userinfo: members.optional(), id_token: members.optional() });

const NAME = /^[A-Za-z0-9_:./#-]{1,64}$/;
/** With names and words the request still fits the sealed login. */
const CLAIMS_MAX = 16;

export interface ClaimsRequest {
  /** Names asked for beside those of the scopes, without what is asked for otherwise (sub, acr, auth_time). */
  readonly userinfo: readonly string[];
  readonly idToken: readonly string[];
  /** Null: acr was not asked for here. */
  readonly acr: { readonly values: readonly string[]; readonly essential: boolean } | null;
  /** The subject that the answer must be about. */
  readonly sub: string | null;
}

export const NO_CLAIMS: ClaimsRequest = { userinfo: [], idToken: [], acr: null, sub: null };
const ANSWERED_ELSEWHERE = new Set(['sub', 'acr', 'auth_time', 'amr', 'sid', 'iss', 'aud', 'iat', 'exp', 'nonce']);

/** Null when it is not such a request. Names that are not names of claims are passed over: nobody can be told them. */
export function readClaims(text: string | null): ClaimsRequest | null {
  if (text === null) return NO_CLAIMS;
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const { userinfo = {}, id_token: idToken = {} } = parsed.data;
  const acr = Object.hasOwn(idToken, 'acr') ? (idToken.acr ?? {}) : null;
  const sub = Object.hasOwn(idToken, 'sub') ? idToken.sub?.value : undefined;
  const read = { userinfo: names(userinfo), idToken: names(idToken) };
  if (read.userinfo.length + read.idToken.length > CLAIMS_MAX) return null;
  return {
    ...read,
    acr:
      acr === null
        ? null
        : {
            values: [...(acr.values ?? []), ...(acr.value === undefined ? [] : [acr.value])].map(String),
            essential: acr.essential ?? false,
          },
    sub: sub === undefined ? null : String(sub),
  };
}

function names(record: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(record).filter((name) => NAME.test(name) && !ANSWERED_ELSEWHERE.has(name));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
