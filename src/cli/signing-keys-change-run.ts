// Owns: what `signet signing-keys publish-next | promote | retire` do, what they say, and when they refuse.
// Leaves to signing/key-set-change.ts: what a change is; to signing-keys-store.ts: writing. docs/operations.md, Rolling a signing key.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { formatProblem } from '../lib/problems.ts';
import { formatTime } from '../sealer/json-record.ts';
import { thumbprint } from '../signing/key-set.ts';
import { type KeySetChange, promote, publishNext, retire } from '../signing/key-set-change.ts';
import { loadKeySet, type SigningKeySet, signingFault } from '../signing/key-set-folder.ts';
import { privateKeyPem, readPrivateKeyFile } from '../signing/private-key-file.ts';
import { algorithmFault, type KeyAlgorithm, usualAlgorithm } from '../signing/signer.ts';
import { type Certificate, readCertificate } from '../xml/key.ts';
import { CliFailure } from './io.ts';
import type { NodeOptions } from './keys-options.ts';
import type { RsaBits } from './signing-certificate.ts';
import { setListing, setTable, waitsOf } from './signing-keys-listing.ts';
import { PROPAGATION, type SetOptions, type SigningKeysIo } from './signing-keys-options.ts';
import { type LocatedSet, locateSet } from './signing-keys-place.ts';
import { changeKeySet, type NewKeyFile } from './signing-keys-store.ts';
import { demandSameKeys } from './signing-keys-verify.ts';

/** Making keys and certificates, which no other change does. */
const making = () => import('./signing-certificate.ts');

interface ChangeOptions extends SetOptions {
  readonly dryRun?: true;
  readonly expectSerial?: number;
  readonly propagation?: number;
}

export interface PublishOptions extends ChangeOptions {
  readonly algorithm?: KeyAlgorithm;
  readonly bits: '2048' | '3072';
  readonly key?: string;
  readonly certificate?: string;
}

export interface WaitingOptions extends ChangeOptions, NodeOptions {
  readonly kid?: string;
  readonly propagation: number;
  readonly force?: true;
}

export async function promoteNext(io: SigningKeysIo, options: WaitingOptions): Promise<void> {
  const located = locateSet(io, options);
  await agree(located, options);
  const { publishedFor } = waitsOf(located, options.propagation);
  const { kid = null, force = false } = options;
  await change(io, located, options, (before) => {
    const outcome = promote(before, { now: io.clock(), kid, publishedFor, force });
    return { change: outcome.kind === 'changed' ? (unableToSign(located, outcome) ?? outcome) : outcome };
  });
}

export async function retireKeys(io: SigningKeysIo, options: WaitingOptions): Promise<void> {
  const located = locateSet(io, options);
  await agree(located, options);
  const { unusedFor } = waitsOf(located, options.propagation);
  const { kid = null, force = false } = options;
  await change(io, located, options, (before) => ({
    change: retire(before, { now: io.clock(), kid, unusedFor, force }),
  }));
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

export async function publish(io: SigningKeysIo, options: PublishOptions): Promise<void> {
  const located = locateSet(io, options);
  const { key: keyFile } = options;
  const { passphrase } = located.place;
  // Made before the lock is taken: a key of 3072 bits may take a second.
  const brought = keyFile === undefined ? null : readPrivateKeyFile(keyFile, passphrase);
  const algorithm = chosenAlgorithm(located, options, brought);
  const privateKey = brought ?? (await (await making()).newSigningKey(algorithm, Number(options.bits) as RsaBits));
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
      ? await (await making()).selfSignedCertificate(privateKey, config.publicUrl, io.clock(), io.random)
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
