// Owns: finding out what a sealed value is, and saying all that may be said of it: for people, or as JSON for programs.
// The value itself, keys, and what inspect-bodies.ts keeps to itself are never shown. The keyring is read, nothing else:
// sessions and people that were ended by the revocation feed are not looked up.
import type { Config } from '../config/config.ts';
import { listParties } from '../parties/party-folder.ts';
import { sealedValueOf, TICKET_PREFIXES } from '../protocols/cas/tickets.ts';
import { type Explanation, explainSealed } from '../sealer/explain.ts';
import { formatTime } from '../sealer/json-record.ts';
import { isRevoked, type Keyring, parseKeyring } from '../sealer/keyring.ts';
import {
  casPgt,
  casPt,
  casSt,
  device,
  loginFlow,
  PURPOSES,
  type Purpose,
  samlTransient,
  ssoSession,
} from '../sealer/purpose.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { cookieName } from '../web/cookie-header.ts';
import { type ExplainedBody, type ExplainedField, explainBody } from './inspect-bodies.ts';
import { CliFailure, type CliIo } from './io.ts';
import { columns } from './keys-listing.ts';

export interface InspectOptions {
  readonly purpose?: string;
  readonly context?: string;
  readonly json?: boolean;
}

interface Candidate {
  readonly purpose: Purpose;
  readonly context: string;
}

interface Found extends Candidate {
  readonly explanation: Explanation;
}

/** @throws CliFailure when nothing of the value can be read; what can be said of its outside is told before. */
export async function inspectSealed(
  text: string,
  config: Config,
  options: InspectOptions,
  io: Pick<CliIo, 'out' | 'clock'>,
): Promise<void> {
  const ring = parseKeyring(readSecretFile(config.keyring.file), {
    minSerial: config.keyring.minSerial,
    realm: config.entityId,
  });
  const given = text.slice(text.indexOf('=') + 1).trim();
  const token = ticketIn(given)?.value ?? given;
  const tried = (await candidates(text, config, options)).map((candidate) => ({
    ...candidate,
    explanation: explainSealed(ring, io.clock(), candidate.purpose, candidate.context, token),
  }));
  const found = tried.find(({ explanation }) => explanation.content !== null) ?? tried[0];
  if (found === undefined) throw new CliFailure('there is nothing that this could be');
  const told = report(found, ring);
  io.out(options.json === true ? `${JSON.stringify(told, null, 2)}\n` : tableOf(told));
  if (found.explanation.content !== null) return;
  const reasons = tried.map(({ purpose, explanation }) => `${purpose.name}: ${explanation.refused}`);
  const isNamed = text.includes('=') || options.context !== undefined || options.purpose !== undefined;
  const named = isNamed ? '' : '; a login cookie needs its name: NAME=VALUE';
  throw new CliFailure(`this does not open (${[...new Set(reasons)].join(', ')})${named}`);
}

/** What the value may be: with a name the cookie of that name, without one a session or a NameID of some party. */
async function candidates(text: string, config: Config, options: InspectOptions): Promise<readonly Candidate[]> {
  const ticket = ticketIn(text.trim());
  if (ticket !== null) return [{ purpose: ticket.purpose, context: '' }];
  const session = cookieName('signet_sso', !config.plainHttp);
  const equals = text.indexOf('=');
  const name = equals > 0 ? text.slice(0, equals).trim() : undefined;
  const purpose = PURPOSES.get(options.purpose ?? '');
  if (purpose !== undefined) {
    const context = options.context ?? name ?? (purpose === ssoSession ? session : '');
    return [{ purpose, context }];
  }
  const cookie = options.context ?? name;
  if (cookie === cookieName('signet_device', !config.plainHttp)) return [{ purpose: device, context: cookie }];
  if (cookie !== undefined) return [{ purpose: cookie === session ? ssoSession : loginFlow, context: cookie }];
  const { parties } = await listParties(config.parties.folder);
  const nameIds = parties.map(({ metadata }) => ({ purpose: samlTransient, context: metadata.entityId }));
  return [{ purpose: ssoSession, context: session }, ...nameIds];
}

const TICKETS = [
  { prefix: TICKET_PREFIXES.service, purpose: casSt },
  { prefix: TICKET_PREFIXES.proxy, purpose: casPt },
  { prefix: TICKET_PREFIXES.granting, purpose: casPgt },
] as const;

/** A CAS ticket says what it is, and is spelled in its own way. */
function ticketIn(text: string): { readonly purpose: Purpose; readonly value: string } | null {
  for (const { prefix, purpose } of TICKETS) {
    const value = sealedValueOf(prefix, text);
    if (value !== null) return { purpose, value };
  }
  return null;
}

type Report = ReturnType<typeof report>;

/** For programs. Named field by field: nothing that is added to a key later can slip into an output. */
function report({ purpose, context, explanation }: Found, ring: Keyring) {
  const { characters, kid, content } = explanation;
  const body = content === null ? null : explainBody(purpose.name, content.body);
  return {
    purpose: purpose.name,
    context,
    characters: { found: characters, longest: purpose.maxCharacters },
    key: kid === null ? null : { kid, ...keyFacts(explanation, ring) },
    schema: content?.schema ?? null,
    issued: content === null ? null : formatTime(content.iat),
    expires: content === null ? null : formatTime(content.exp),
    tolerance: purpose.toleranceAfterExp,
    body: content === null ? null : { length: content.body.length, padding: content.padding, bucket: purpose.bucket },
    fields: body?.fields ?? null,
    lineage: body?.lineage ?? null,
    refused: refusalOf(explanation, body, ring),
  };
}

function keyFacts({ kid, key }: Explanation, ring: Keyring) {
  if (key === null) return { state: kid !== null && isRevoked(ring, kid) ? 'revoked' : 'unknown', seals: false };
  const { state, seals, activates, retires, expires } = key;
  return { state, seals, activates: formatTime(activates), retires: formatTime(retires), expires: formatTime(expires) };
}

/** The first step of docs/sealed-values.md, Opening, that refuses it; null when none of those that are known here does. */
function refusalOf({ refused }: Explanation, body: ExplainedBody | null, ring: Keyring) {
  if (refused !== null) return { reason: refused, why: WHY[refused] };
  if (body !== null && !body.readable) return { reason: 'body', why: 'another release wrote it, or it is damaged' };
  const revoked = body?.lineage.find((kid) => ring.revoked.some((entry) => entry.kid.startsWith(kid)));
  return revoked === undefined
    ? null
    : { reason: 'revoked-lineage', why: `it descends from the revoked key ${revoked}` };
}

const WHY = {
  'not-a-token': 'it is no text',
  'too-long': 'it has more characters than any value of this purpose',
  'not-canonical': 'it is not base64url in its one spelling: cut off, or copied with something else',
  shape: 'no value of this purpose has this length, or it is of another version',
  'unknown-kid': 'the ring does not have its key: pruned, made elsewhere, or not arrived yet',
  'revoked-kid': 'its key is revoked',
  'expired-kid': 'its key has ended',
  tampered: 'it does not decrypt: another purpose, context or identity provider, or changed',
  padding: 'its length or padding is not what a writer makes',
  schema: 'its schema is of another release',
  lifetime: 'its times are not possible',
  future: 'it was issued more than 60 s ahead of this clock',
  expired: 'it has expired, tolerance included',
} as const satisfies Record<NonNullable<Explanation['refused']>, string>;

/** For people. */
function tableOf(told: Report): string {
  const { key, body, refused } = told;
  const rows = [
    ['purpose', told.purpose],
    ['context', told.context],
    ['characters', `${told.characters.found} of at most ${told.characters.longest}`],
    ...(key === null ? [] : [['key', `${key.kid} ${key.state}${key.seals ? ', seals now' : ''}${endOf(key)}`]]),
    ...(body === null
      ? []
      : [
          ['schema', `${told.schema}`],
          ['issued', `${told.issued}`],
          ['expires', `${told.expires}, and ${told.tolerance} s of tolerance`],
          ['body', `${body.length} bytes, then ${body.padding} of padding to a multiple of ${body.bucket}`],
        ]),
    ...(told.lineage === null ? [] : [['lineage', told.lineage.join(' ') || 'none']]),
    ['refused', refused === null ? 'no' : `${refused.reason}: ${refused.why}`],
  ];
  const fields = told.fields === null ? [] : ['', ...columns(told.fields.flatMap((field) => fieldRows(field, '')))];
  const none = told.fields === null && body !== null ? ['', 'no body is specified for this purpose yet'] : [];
  return `${[...columns(rows), ...fields, ...none].join('\n').replace(CONTROL, '\ufffd')}\n`;
}

function endOf(key: NonNullable<Report['key']>): string {
  return 'expires' in key ? ` (seals from ${key.activates} until ${key.retires}, opens until ${key.expires})` : '';
}

function fieldRows(field: ExplainedField, above: string): readonly (readonly string[])[] {
  const key = `${above}${field.key}`;
  const values = field.fields !== undefined ? [''] : typeof field.value === 'string' ? [field.value] : field.value;
  const lines = values === null ? ['(not shown)'] : values.length === 0 ? ['none'] : values;
  const name = field.name ?? '(unknown to this release)';
  const own = lines.map((line, i) => (i === 0 ? [key, name, field.type, line] : ['', '', '', line]));
  return [...own, ...(field.fields ?? []).flatMap((inner) => fieldRows(inner, `${key}.`))];
}

/** What a terminal would obey: part of a value may be somebody else's text. */
const CONTROL = /[^\P{Cc}\n]/gu;
