// Owns: `signet signing-keys publish-next | promote | retire`: what changes a set, what it says, and when it refuses.
// Leaves to signing/key-set-change.ts: what a change is; to signing-keys-store.ts: writing. docs/operations.md, Rolling a signing key.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { formatProblem } from '../lib/problems.ts';
import { formatTime } from '../sealer/json-record.ts';
import { thumbprint } from '../signing/key-set.ts';
import { type KeySetChange, promote, publishNext, retire } from '../signing/key-set-change.ts';
import { loadKeySet, type SigningKeySet, signingFault } from '../signing/key-set-folder.ts';
import { privateKeyPem, readPrivateKeyFile } from '../signing/private-key-file.ts';
import { algorithmFault, type KeyAlgorithm, usualAlgorithm } from '../signing/signer.ts';
import { type Certificate, readCertificate } from '../xml/key.ts';
import { addNodeOptions, type NodeOptions } from './ask-nodes.ts';
import { CliFailure } from './io.ts';
import { readCount, readDuration } from './keys-options.ts';
import { newSigningKey, type RsaBits, selfSignedCertificate } from './signing-certificate.ts';
import { PROPAGATION, setListing, setTable, waitsOf } from './signing-keys-listing.ts';
import {
  addSetOptions,
  type LocatedSet,
  locateSet,
  type SetOptions,
  type SigningKeysIo,
} from './signing-keys-options.ts';
import { changeKeySet, type NewKeyFile } from './signing-keys-store.ts';
import { demandSameKeys } from './signing-keys-verify.ts';

interface ChangeOptions extends SetOptions {
  readonly dryRun?: true;
  readonly expectSerial?: number;
  readonly propagation?: number;
}

interface PublishOptions extends ChangeOptions {
  readonly algorithm?: KeyAlgorithm;
  readonly bits: '2048' | '3072';
  readonly key?: string;
  readonly certificate?: string;
}

interface WaitingOptions extends ChangeOptions, NodeOptions {
  readonly kid?: string;
  readonly propagation: number;
  readonly force?: true;
}

export function addSigningChangeCommands(keys: Command, io: SigningKeysIo): void {
  addChange(keys, 'publish-next', 'publish a key beside the current one; it signs after promote, and not before')
    .option('--algorithm <name>', 'what it is for (default: what the current key is for)')
    .addOption(new Option('--bits <size>', 'of a new RSA key').choices(['2048', '3072']).default('2048'))
    .option('--key <file>', 'take this private key (PKCS#8 PEM) and make none')
    .option('--certificate <file>', "take this certificate, an authority's for example, and make none")
    .action((options: PublishOptions) => publish(io, options));
  addWaiting(keys, 'promote', 'let the next key sign; the one that signed stays published')
    .option('--kid <kid>', 'which, when several are next')
    .action(async (options: WaitingOptions) => {
      const located = locateSet(io, options);
      await agree(located, options);
      const { publishedFor } = waitsOf(located, options.propagation);
      const { kid = null, force = false } = options;
      await change(io, located, options, (before) => {
        const outcome = promote(before, { now: io.clock(), kid, publishedFor, force });
        return { change: outcome.kind === 'changed' ? (unableToSign(located, outcome) ?? outcome) : outcome };
      });
    });
  addWaiting(keys, 'retire', 'take away keys that have signed, or, by its kid, a next one that is not wanted')
    .option('--kid <kid>', 'only this one')
    .action(async (options: WaitingOptions) => {
      const located = locateSet(io, options);
      await agree(located, options);
      const { unusedFor } = waitsOf(located, options.propagation);
      const { kid = null, force = false } = options;
      await change(io, located, options, (before) => ({
        change: retire(before, { now: io.clock(), kid, unusedFor, force }),
      }));
    });
}

function addChange(keys: Command, name: string, description: string): Command {
  return addSetOptions(keys.command(name).description(description))
    .option('--dry-run', 'say what would change, and write nothing')
    .option('--expect-serial <serial>', 'refuse unless the set has this serial', readCount);
}

function addWaiting(keys: Command, name: string, description: string): Command {
  return addNodeOptions(addChange(keys, name, description))
    .option('--propagation <time>', 'what the files need to reach every node', readDuration, PROPAGATION)
    .option('--force', 'before the time: you answer for every node, and every party, being ready');
}

/** Whoever promotes without the private key would make a set that no node takes. */
function unableToSign({ place }: LocatedSet, { set }: KeySetChange & { kind: 'changed' }): KeySetChange | null {
  for (const key of set.keys.filter(({ state }) => state === 'current')) {
    const fault = signingFault(place, key);
    if (fault !== null) return { kind: 'refused', code: 'cannot-sign', detail: formatProblem(fault) };
  }
  return null;
}

/** Only with endpoints. A node that was not asked is not known to agree. */
async function agree(located: LocatedSet, options: NodeOptions): Promise<void> {
  if (options.endpoints !== undefined || options.dns !== undefined) await demandSameKeys(located, options);
}

async function publish(io: SigningKeysIo, options: PublishOptions): Promise<void> {
  const located = locateSet(io, options);
  const { key: keyFile } = options;
  const { passphrase } = located.place;
  // Made before the lock is taken: a key of 3072 bits may take a second.
  const brought = keyFile === undefined ? null : readPrivateKeyFile(keyFile, passphrase);
  const algorithm = chosenAlgorithm(located, options, brought);
  const privateKey = brought ?? (await newSigningKey(algorithm, Number(options.bits) as RsaBits));
  const publicKey = createPublicKey(privateKey);
  const certificate = await certificateFor(io, located, options, privateKey);
  const kid = thumbprint(publicKey);
  const now = io.clock();
  const file = `${formatTime(now).slice(0, 10)}-${kid.slice(0, 8)}.pem`;
  const newKey: NewKeyFile = { name: file, pem: privateKeyPem(privateKey, passphrase.text) };
  await change(io, located, options, (before) => ({
    change: publishNext(before, now, { kid, algorithm, file, publicKey, certificate }),
    newKey,
  }));
}

/** @throws CliFailure for what the protocol, or the key that was brought, cannot do. */
function chosenAlgorithm(
  { place, name }: LocatedSet,
  options: PublishOptions,
  brought: KeyObject | null,
): KeyAlgorithm {
  const usual = brought === null ? loadKeySet(place).current[0]?.algorithm : usualAlgorithm(createPublicKey(brought));
  const wanted = options.algorithm ?? usual;
  const algorithm = place.algorithms.find((one) => one === wanted);
  if (algorithm === undefined) {
    const found = wanted ?? 'a key of an unusual kind';
    throw new CliFailure(`${name} cannot sign with ${found}: wanted one of ${place.algorithms.join(', ')}`);
  }
  const fault = brought === null ? null : algorithmFault(createPublicKey(brought), algorithm);
  if (fault !== null) throw new CliFailure(`${options.key}: ${fault}; wanted a key for ${algorithm}`);
  return algorithm;
}

async function certificateFor(
  io: SigningKeysIo,
  { place, config }: LocatedSet,
  { certificate: file }: PublishOptions,
  privateKey: KeyObject,
): Promise<Certificate | null> {
  if (!place.certificates) return null;
  const pem =
    file === undefined
      ? await selfSignedCertificate(privateKey, config.publicUrl, io.clock(), io.random)
      : readFileSync(file, 'utf8');
  const certificate = readCertificate(pem);
  if (certificate === null) throw new CliFailure(`${file}: wanted one certificate in PEM, and nothing else`);
  if (!certificate.key.equals(createPublicKey(privateKey))) throw new CliFailure(`${file} is for another key`);
  if (certificate.notAfter <= io.clock()) throw new CliFailure(`${file} has ended`);
  return certificate;
}

async function change(
  io: SigningKeysIo,
  located: LocatedSet,
  options: ChangeOptions,
  make: (before: SigningKeySet) => { readonly change: KeySetChange; readonly newKey?: NewKeyFile },
): Promise<void> {
  const { folder } = located.place;
  const dry = options.dryRun === true;
  const checked = (before: SigningKeySet): { readonly change: KeySetChange; readonly newKey?: NewKeyFile } => {
    if (options.expectSerial === undefined || options.expectSerial === before.serial) return make(before);
    const detail = `${folder} has serial ${before.serial}, not ${options.expectSerial}`;
    return { change: { kind: 'refused', code: 'serial', detail } };
  };
  const { before, change: outcome } = await changeKeySet(located.place, checked, dry);
  if (outcome.kind === 'refused') {
    const { code, detail } = outcome;
    if (options.json === true) io.out(`${JSON.stringify({ outcome: 'refused', code, detail }, null, 2)}\n`);
    throw new CliFailure(`refused, ${code}: ${detail}`, 2);
  }
  const { set, dropped } = outcome;
  const listing = setListing(located, set, waitsOf(located, options.propagation ?? PROPAGATION), () => true);
  if (options.json === true) {
    const outcomeName = dry ? 'dry-run' : 'changed';
    const droppedKids = dropped.map(({ kid }) => kid);
    io.out(
      `${JSON.stringify({ outcome: outcomeName, from: before.serial, dropped: droppedKids, ...listing }, null, 2)}\n`,
    );
    return;
  }
  io.out(`${folder}: serial ${before.serial} -> ${set.serial}${dry ? ', not written' : ''}\n`);
  for (const { kid, state } of dropped) io.out(`  ${kid} (${state}) is taken away\n`);
  io.out(setTable(listing, io.clock()));
}
