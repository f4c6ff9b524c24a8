// Owns: `signet init`: a complete, commented folder that `signet serve` can use at once. Never overwrites anything.
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readConfig, readPublicUrl } from '../config/read-config.ts';
import { EMPTY_USERS_FILE } from '../directories/users-file-edit.ts';
import { writeAtomically } from '../lib/atomic-file.ts';
import { Problems } from '../lib/problems.ts';
import { EXAMPLE_PARTY_SETTINGS } from '../parties/example-settings.ts';
import { dataRing, newDataKeyring } from '../sealer/data-keyring.ts';
import { newKeyring } from '../sealer/key-file.ts';
import { formatKeyring } from '../sealer/keyring.ts';
import { newStableSecret, parseStableSecret } from '../sealer/stable-secret.ts';
import { formatRevocations } from '../state/revocation-file.ts';
import { configText } from './init-config.ts';
import { CliFailure, type CliIo } from './io.ts';
import { newBareKeySet, newSigningCertificate } from './signing-certificate.ts';

export function addInitCommand(program: Command, io: CliIo): void {
  program
    .command('init')
    .description('write a folder with configuration, keys and empty lists, ready to serve')
    .argument('<dir>', 'the folder; it must be empty or not exist')
    .option('--public-url <url>', 'the address that browsers will use', 'http://localhost:8080')
    .action((folder: string, options: { publicUrl: string }) => initFolder(io, resolve(folder), options.publicUrl));
}

interface NewFile {
  readonly name: string;
  readonly text: string;
  /** 0600 for what nobody else on the machine may read. */
  readonly mode: 0o600 | 0o644;
  readonly what: string;
}

async function initFolder(io: CliIo, folder: string, publicUrl: string): Promise<void> {
  const url = checkedPublicUrl(publicUrl);
  const files = await newFiles(io, url);
  const there = files.map((file) => join(folder, file.name)).filter((path) => existsSync(path));
  if (there.length > 0)
    throw new CliFailure(`nothing was written, because these exist already:\n  ${there.join('\n  ')}`, 2);
  mkdirSync(join(folder, 'parties'), { recursive: true, mode: 0o755 });
  for (const set of ['saml-signing', 'oidc-signing']) {
    mkdirSync(join(folder, 'keys', set), { recursive: true, mode: 0o700 });
  }
  for (const file of files) await writeAtomically(join(folder, file.name), file.text, { mode: file.mode });
  // What init writes, serve must take: all problems of the new configuration show here, not at the first start.
  const config = readConfig(join(folder, 'signet.yaml'), {});
  const width = Math.max(...files.map((file) => file.name.length));
  io.out(`${folder}\n`);
  for (const file of files)
    io.out(`  ${file.name.padEnd(width)}  ${file.mode === 0o600 ? 'secret  ' : '        '}${file.what}\n`);
  io.out(`  ${'parties/'.padEnd(width)}          service providers: metadata as *.xml, settings as *.yaml beside it
Next:
  signet users add alice --config ${join(folder, 'signet.yaml')}
  signet parties import SP-METADATA.xml --config ${join(folder, 'signet.yaml')}
  signet serve --config ${join(folder, 'signet.yaml')}
Give service providers this metadata: ${config.publicUrl}/saml/idp/metadata
`);
}

/** Checked before anything is written. */
function checkedPublicUrl(text: string): string {
  const problems = new Problems();
  const url = readPublicUrl(text, problems);
  problems.throwIfAny();
  return url?.origin ?? text;
}

async function newFiles(io: CliIo, publicUrl: string): Promise<readonly NewFile[]> {
  const now = io.clock();
  const entityId = `${publicUrl}/saml/idp/metadata`;
  const ring = newKeyring({ realm: entityId, now, random: io.random });
  const stable = newStableSecret(io.random);
  const { fingerprint } = parseStableSecret(Buffer.from(stable));
  const signing = await newSigningCertificate(publicUrl, now, io.random);
  const oidc = await newBareKeySet(['RS256', 'ES256'], now);
  return [
    { name: 'signet.yaml', text: configText(publicUrl, fingerprint), mode: 0o644, what: 'the configuration' },
    { name: 'keys/sealer.json', text: formatKeyring(ring), mode: 0o600, what: 'the keyring that seals sessions' },
    {
      name: 'keys/data.json',
      text: dataRing.format(newDataKeyring({ realm: entityId, now, random: io.random })),
      mode: 0o600,
      what: 'the keyring that encrypts what people enrol: back it up',
    },
    {
      name: 'keys/pairwise.json',
      text: stable,
      mode: 0o600,
      what: 'the stable secret behind people’s names: back it up',
    },
    { name: 'keys/saml-signing/key.pem', text: signing.key, mode: 0o600, what: 'signs what service providers receive' },
    {
      name: 'keys/saml-signing/certificate.pem',
      text: signing.certificate,
      mode: 0o644,
      what: 'its certificate, in the metadata',
    },
    {
      name: 'keys/oidc-signing/signing-keys.json',
      text: oidc.listing,
      mode: 0o600,
      what: 'the keys that sign what OpenID Connect clients receive',
    },
    ...oidc.keys.map(
      ({ file, pem }): NewFile => ({
        name: `keys/oidc-signing/${file}`,
        text: pem,
        mode: 0o600,
        what: 'one of them',
      }),
    ),
    {
      name: 'parties/example.yaml.txt',
      text: EXAMPLE_PARTY_SETTINGS,
      mode: 0o644,
      what: 'every setting that a service provider can have',
    },
    { name: 'users.yaml', text: EMPTY_USERS_FILE, mode: 0o600, what: 'the people who can sign in' },
    {
      name: 'revocations.yaml',
      text: formatRevocations([], now),
      mode: 0o600,
      what: 'sessions ended before their time',
    },
  ];
}
