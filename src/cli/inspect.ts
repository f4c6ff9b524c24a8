// Owns: `signet inspect`: explaining a sealed value or a SAML message to a human. Standard input only: what stands on a
// command line is seen by every process and kept by the shell. What is secret in it is not shown.
import { inflateRawSync } from 'node:zlib';
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import { listParties } from '../parties/party-folder.ts';
import { decodeFlow } from '../sealed/flow-body.ts';
import { decodeSession } from '../sealed/session-body.ts';
import { decodeTransient } from '../sealed/transient-body.ts';
import { formatTime } from '../sealer/json-record.ts';
import { openKeyringFile } from '../sealer/key-file.ts';
import { loginFlow, type Purpose, samlTransient, ssoSession } from '../sealer/purpose.ts';
import { createSealer, type Opened } from '../sealer/seal.ts';
import { cookieName } from '../web/cookie-header.ts';
import { CliFailure, type CliIo } from './io.ts';

export function addInspectCommand(program: Command, io: CliIo): void {
  program
    .command('inspect')
    .description('explain a sealed cookie (NAME=VALUE), a session or transient NameID by its value, or a SAML message')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (options: { config: string }) => {
      const text = (await io.readStdin()).trim();
      const saml = decodeSaml(text);
      io.out(saml ?? (await inspectSealed(text, readConfig(options.config, io.environment), io)));
    });
}

async function inspectSealed(text: string, config: Config, io: CliIo): Promise<string> {
  const results: string[] = [];
  const { file, minSerial, poll } = config.keyring;
  const source = openKeyringFile({
    path: file,
    realm: config.entityId,
    minSerial,
    pollSeconds: poll,
    clock: io.clock,
    onEvent: () => {},
  });
  source.close();
  const sealer = createSealer({
    ring: source.current,
    reread: () => false,
    clock: io.clock,
    random: io.random,
    observe: (purpose, result) => results.push(`${purpose}: ${result}`),
  });
  const token = text.slice(text.indexOf('=') + 1).trim();
  for (const { purpose, context } of await candidates(text, config)) {
    const value = sealer.open(purpose, context, token);
    if (value !== null) return explain(purpose, context, value);
  }
  const named = text.includes('=') ? '' : '; a login cookie needs its name: NAME=VALUE';
  throw new CliFailure(`this does not open (${[...new Set(results)].join(', ')})${named}`);
}

/** What the value may be: with a name the cookie of that name, without one a session or a NameID of some party. */
async function candidates(
  text: string,
  config: Config,
): Promise<readonly { readonly purpose: Purpose; readonly context: string }[]> {
  const session = cookieName('signet_sso', !config.plainHttp);
  const equals = text.indexOf('=');
  if (equals > 0) {
    const context = text.slice(0, equals).trim();
    return [{ purpose: context === session ? ssoSession : loginFlow, context }];
  }
  const { parties } = await listParties(config.parties.folder);
  const nameIds = parties.map(({ metadata }) => ({ purpose: samlTransient, context: metadata.entityId }));
  return [{ purpose: ssoSession, context: session }, ...nameIds];
}

function explain(purpose: Purpose, context: string, value: Opened): string {
  const lines = [
    `purpose   ${purpose.name}`,
    `context   ${context}`,
    `kid       ${value.kid}${value.laterKey ? '  (a later key seals now)' : ''}`,
    `schema    ${value.schema}`,
    `issued    ${formatTime(value.iat)}`,
    `expires   ${formatTime(value.exp)}`,
    ...bodyLines(purpose, value),
  ];
  return `${lines.join('\n')}\n`;
}

function bodyLines(purpose: Purpose, value: Opened): readonly string[] {
  if (purpose === ssoSession) return sessionLines(value);
  return purpose === loginFlow ? flowLines(value) : transientLines(value);
}

function transientLines(opened: Opened): readonly string[] {
  const body = decodeTransient(opened.body);
  if (body === null) return [UNREADABLE];
  return [`sid       ${encodeBase64url(body.sid)}`, `account   ${body.accountId}`];
}

const UNREADABLE = 'body      cannot be read: another version wrote it, or it is damaged';

function sessionLines(opened: Opened): readonly string[] {
  const session = decodeSession(opened.body);
  if (session === null) return [UNREADABLE];
  return [
    `sid       ${encodeBase64url(session.sid)}`,
    `account   ${session.accountId}`,
    `created   ${formatTime(session.created)}`,
    ...session.events.map((event) => `event     ${event.method} at ${formatTime(event.at)}`),
    ...session.participants.map((p) => `party     ${p.relyingParty} at ${formatTime(p.at)}, NameID ${p.nameId.kind}`),
    `lineage   ${session.lineage.join(' ') || 'none'}`,
  ];
}

function flowLines(opened: Opened): readonly string[] {
  const flow = decodeFlow(opened.body);
  if (flow === null) return [UNREADABLE];
  const { request, context } = flow;
  return [
    `party     ${request.relyingParty}`,
    `received  ${formatTime(request.receivedAt)}`,
    `asked     ${request.forceAuthn ? 'forced ' : ''}${request.passive ? 'passive ' : ''}levels ${request.assurance.accepted.join(' ') || 'any'}`,
    `began     ${formatTime(context.began)}`,
    `proofs    ${context.events.map((event) => event.method).join(' ') || 'none'}`,
    `lineage   ${flow.lineage.join(' ') || 'none'}`,
    'inner id  (not shown)',
  ];
}

/** A SAML message as text; null when this is none. Signatures, certificates and ciphertexts are shortened. */
export function decodeSaml(text: string): string | null {
  const field = /SAML(?:Request|Response)=([^&\s]+)/.exec(text)?.[1];
  const base64 = field === undefined ? text : percentDecoded(field);
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(base64)) return null;
  const bytes = Buffer.from(base64, 'base64');
  const xml = bytes[0] === 0x3c ? bytes.toString('utf8') : inflated(bytes);
  if (xml === null || !xml.startsWith('<')) return null;
  const short = xml.replace(
    /(<[\w.-]*:?(?:SignatureValue|X509Certificate|CipherValue|DigestValue)(?:\s[^>]*)?>)([^<]{12})[^<]*/g,
    '$1$2…',
  );
  // Line breaks between elements make it readable; this text is for people, not for verifying.
  return `${short.replace(CONTROL, '\ufffd').replace(/></g, '>\n<')}\n`;
}

/** What a terminal would obey: the message is somebody else's, and nothing has looked at it yet. */
const CONTROL = /[^\P{Cc}\t\n]/gu;

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function inflated(bytes: Buffer): string | null {
  try {
    return inflateRawSync(bytes, { maxOutputLength: 262_144 }).toString('utf8');
  } catch {
    return null;
  }
}
