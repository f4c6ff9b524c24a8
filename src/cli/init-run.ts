// Owns: what `signet init` does: a complete, commented folder that `signet serve` can use at once. Never overwrites anything.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readPublicUrl } from '../config/complete-config.ts';
import { readConfig } from '../config/read-config.ts';
import { inspectSchema } from '../database/migrations.ts';
import { EMPTY_USERS_FILE } from '../directories/users-file-edit.ts';
import { writeAtomically } from '../lib/atomic-file.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { Problems } from '../lib/problems.ts';
import { EXAMPLE_PARTY_SETTINGS } from '../parties/example-settings.ts';
import { dataRing, newDataKeyring } from '../sealer/data-keyring.ts';
import { newKeyring } from '../sealer/key-file.ts';
import { formatKeyring } from '../sealer/keyring.ts';
import { newStableSecret, parseStableSecret } from '../sealer/stable-secret.ts';
import { formatRevocations } from '../state/revocation-file.ts';
import { configText, type InitDirectory } from './init-config.ts';
import { CliFailure, type CliIo } from './io.ts';
import { type MakeKey, newBareKeySet, newSigningCertificate } from './signing-certificate.ts';
import { withDatabase } from './with-database.ts';

/** What the new configuration names. */
const DATABASE_FILE = join('data', 'signet.db');

export interface InitOptions {
  readonly publicUrl: string;
  readonly directory: InitDirectory;
}

interface NewFile {
  readonly name: string;
  readonly text: string;
  /** 0600 for what nobody else on the machine may read. */
  readonly mode: 0o600 | 0o644;
  readonly what: string;
}

/** `makeKey` makes the keys that sign what relying parties receive. */
export async function initFolder(
  io: CliIo,
  folder: string,
  { publicUrl, directory }: InitOptions,
  makeKey: MakeKey,
): Promise<void> {
  const url = checkedPublicUrl(publicUrl);
  const files = await newFiles(io, url, directory, makeKey);
  const database = directory === 'sql' ? [DATABASE_FILE] : [];
  const there = [...files.map((file) => file.name), ...database]
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path));
  if (there.length > 0)
    throw new CliFailure(`nothing was written, because these exist already:\n  ${there.join('\n  ')}`, 2);
  mkdirSync(join(folder, 'parties'), { recursive: true, mode: 0o755 });
  for (const set of ['saml-signing', 'oidc-signing']) {
    mkdirSync(join(folder, 'keys', set), { recursive: true, mode: 0o700 });
  }
  for (const file of files) await writeAtomically(join(folder, file.name), file.text, { mode: file.mode });
  // What init writes, serve must take: all problems of the new configuration show here, not at the first start.
  const config = readConfig(join(folder, 'signet.yaml'), {});
  // Its tables as well.
  await withDatabase(config, io, async (opened) => {
    if (opened !== null) opened.answered(await inspectSchema(opened.database));
  });
  const width = Math.max(...files.map((file) => file.name.length));
  io.out(`${folder}\n`);
  for (const name of database)
    io.out(`  ${name.padEnd(width)}  secret  people, what they enrol, what nodes know in common\n`);
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

async function newFiles(
  io: CliIo,
  publicUrl: string,
  directory: InitDirectory,
  makeKey: MakeKey,
): Promise<readonly NewFile[]> {
  const now = io.clock();
  const entityId = `${publicUrl}/saml/idp/metadata`;
  const ring = newKeyring({ realm: entityId, now, random: io.random });
  const stable = newStableSecret(io.random);
  const { fingerprint } = parseStableSecret(Buffer.from(stable));
  const signing = await newSigningCertificate(publicUrl, now, io.random, makeKey);
  const oidc = await newBareKeySet(['RS256', 'ES256'], now, makeKey);
  return [
    {
      name: 'signet.yaml',
      text: configText(publicUrl, fingerprint, directory),
      mode: 0o644,
      what: 'the configuration',
    },
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
    ...(directory === 'yaml' ? listFiles(now) : []),
  ];
}

/** What stands in the database otherwise. */
function listFiles(now: EpochSeconds): readonly NewFile[] {
  const revocations = formatRevocations([], now);
  return [
    { name: 'users.yaml', text: EMPTY_USERS_FILE, mode: 0o600, what: 'the people who can sign in' },
    { name: 'revocations.yaml', text: revocations, mode: 0o600, what: 'sessions ended before their time' },
  ];
}
