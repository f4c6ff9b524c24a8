// Owns: `signet inspect`: explaining a sealed value or a SAML message to a human. Standard input only: what stands on a
// command line is seen by every process and kept by the shell. What is secret in it is not shown.
// Leaves to inspect-sealed.ts and inspect-bodies.ts: sealed values.
import { inflateRawSync } from 'node:zlib';
import { type Command, Option } from 'commander';
import { readConfig } from '../config/read-config.ts';
import { PURPOSES } from '../sealer/purpose.ts';
import { type InspectOptions, inspectSealed } from './inspect-sealed.ts';
import type { CliIo } from './io.ts';

export function addInspectCommand(program: Command, io: CliIo): void {
  program
    .command('inspect')
    .description('explain a sealed cookie (NAME=VALUE), a session or transient NameID by its value, or a SAML message')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .addOption(
      new Option('--purpose <name>', 'what the value is for, when it is not found out').choices([...PURPOSES.keys()]),
    )
    .option('--context <text>', 'what it is bound to: the name of a cookie, a client_id, an entityID')
    .option('--json', 'for programs')
    .action(async (options: InspectOptions & { readonly config: string }) => {
      const text = (await io.readStdin()).trim();
      const saml = options.purpose === undefined ? decodeSaml(text) : null;
      if (saml !== null) return io.out(saml);
      await inspectSealed(text, readConfig(options.config, io.environment), options, io);
    });
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
