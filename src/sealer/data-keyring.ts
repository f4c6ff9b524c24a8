// Owns: what a data keyring is, its text, and which of its keys encrypts. Pure. For secrets that stand in a database.
// Leaves to data-value.ts: their bytes; to data-rotation.ts: changes; to ring-file.ts: files. docs/sealed-values.md,
// Secrets at rest. Its keys have no end and cannot be revoked: a secret at rest is lost with its key.
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import { Problems } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import { dataPrk, keyIdOf } from './derive.ts';
import { formatTime, type JsonRecord, parseJsonObject } from './json-record.ts';
import { best, type KeyringDemands, type KeyState, readyAt } from './keyring.ts';
import type { RingKind } from './ring-kind.ts';

/** One master key: created ≤ activates. Nothing in it ends by a clock. */
export interface DataKey {
  /** 16 hex digits, computed from the key. */
  readonly kid: string;
  /** 32 bytes, held so that printing or serialising the ring shows nothing of them. */
  readonly master: KeyObject;
  readonly created: EpochSeconds;
  readonly activates: EpochSeconds;
}

export interface DataKeyring {
  /** The entityID that the ring was made for. It goes into every key, and stays what it was if the entityID changes. */
  readonly realm: string;
  /** Only grows. */
  readonly serial: number;
  readonly updated: EpochSeconds;
  /** Seconds that a new key needs to reach every node. */
  readonly propagation: number;
  readonly keys: readonly DataKey[];
}

/** Makes a key; its id is computed here and nowhere else. */
export function dataKey(secret: Uint8Array, times: Pick<DataKey, 'created' | 'activates'>): DataKey {
  const master = createSecretKey(secret);
  return Object.freeze({ kid: keyIdOf(dataPrk(master)).toString('hex'), master, ...times });
}

/** Freezes a ring and its list: it is swapped as a whole, never changed (I5). */
export function freezeDataKeyring(ring: DataKeyring): DataKeyring {
  return Object.freeze({ ...ring, keys: Object.freeze([...ring.keys]) });
}

/** How a new ring is made. */
export interface NewDataKeyringParts {
  readonly realm: string;
  readonly now: EpochSeconds;
  readonly random: Random;
  /** What a key needs to reach every node, in seconds. */
  readonly propagation?: number;
}

/** A ring of one key that encrypts from now on: there is no older node that could not read it. */
export function newDataKeyring({ realm, now, random, propagation = 900 }: NewDataKeyringParts): DataKeyring {
  const keys = [dataKey(random(32), { created: now, activates: now })];
  return freezeDataKeyring({ realm, serial: 1, updated: now, propagation, keys });
}

/** Which key encrypts, and why: `only` when none has had time to reach every node yet. */
export interface DataPrimary {
  readonly key: DataKey;
  readonly because: 'due' | 'only';
}

/**
 * The one key that encrypts now (I3): of those that have had time to reach every node (I1) the one with the latest
 * `activates`; else the one that will have had it soonest, since refusing everybody helps nobody.
 * @throws RangeError for a ring without keys, which cannot be loaded.
 */
export function dataPrimary(ring: DataKeyring, now: EpochSeconds): DataPrimary {
  const due = best(
    ring.keys.filter((key) => now >= readyAt(ring, key)),
    (key) => key.activates,
  );
  if (due !== null) return { key: due, because: 'due' };
  const only = best(ring.keys, (key) => -readyAt(ring, key));
  if (only === null) throw new RangeError('a data keyring without keys');
  return { key: only, because: 'only' };
}

/** active: encrypts and decrypts. pending: will; decrypts already. decrypt-only: has been replaced. */
export function dataKeyState(
  ring: DataKeyring,
  key: DataKey,
  now: EpochSeconds,
): Extract<KeyState, 'pending' | 'active' | 'decrypt-only'> {
  if (key === dataPrimary(ring, now).key) return 'active';
  return now < readyAt(ring, key) ? 'pending' : 'decrypt-only';
}

const FORMAT = 'signet-data-keyring/1';
const ALGORITHM = 'XAES-256-GCM';
const RING_FIELDS = ['format', 'realm', 'serial', 'updated', 'propagation', 'keys'];
const KEY_FIELDS = ['kid', 'alg', 'key', 'created', 'activates'];

/**
 * Reads a data keyring's text: all or nothing.
 * @throws ProblemsError with everything that is wrong, and nothing of what the file holds.
 */
function parseDataKeyring(bytes: Uint8Array, demands: KeyringDemands): DataKeyring {
  const problems = new Problems();
  const file = parseJsonObject(bytes, problems);
  const ring = file === null ? null : readRing(file);
  if (ring !== null && file !== null) checkRing(ring, file, demands, problems);
  problems.throwIfAny();
  if (ring === null) throw new RangeError('a data keyring that was refused without a reason');
  return freezeDataKeyring(ring);
}

/** The text of a ring's file: the only place where key bytes leave their objects. */
function formatDataKeyring(ring: DataKeyring): string {
  const keys = ring.keys.map((key) => ({
    kid: key.kid,
    alg: ALGORITHM,
    key: key.master.export().toString('base64url'),
    created: formatTime(key.created),
    activates: formatTime(key.activates),
  }));
  const { realm, serial, propagation } = ring;
  const file = { format: FORMAT, realm, serial, updated: formatTime(ring.updated), propagation, keys };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function readRing(file: JsonRecord): DataKeyring {
  file.only(RING_FIELDS);
  file.text('format', (text) => text === FORMAT, FORMAT);
  return {
    realm: file.text('realm', (text) => text !== '' && !text.includes('\0') && text.isWellFormed(), 'an entityID'),
    serial: file.count('serial'),
    updated: file.time('updated'),
    propagation: file.count('propagation'),
    keys: file.records('keys').flatMap(readKey),
  };
}

function readKey(record: JsonRecord): readonly DataKey[] {
  record.only(KEY_FIELDS);
  record.text('alg', (text) => text === ALGORITHM, ALGORITHM);
  const secret = record.secret('key');
  const times = { created: record.time('created'), activates: record.time('activates') };
  if (times.created > times.activates) record.problem('activates', 'times out of order', 'created <= activates');
  if (secret === null) return [];
  const key = dataKey(secret, times);
  record.text('kid', (text) => text === key.kid, "the key's own id, computed from it");
  return [key];
}

function checkRing(ring: DataKeyring, file: JsonRecord, demands: KeyringDemands, problems: Problems): void {
  if (new Set(ring.keys.map(({ kid }) => kid)).size < ring.keys.length) {
    file.problem('keys', 'the same key twice', 'every key once');
  }
  if (ring.serial < demands.minSerial) file.problem('serial', `${ring.serial}`, `at least ${demands.minSerial}`);
  if (demands.realm !== undefined && ring.realm !== demands.realm) {
    file.problem('realm', `'${ring.realm}'`, `'${demands.realm}', the configured entityID`);
  }
  // Only of a ring that is sound otherwise: a key that could not be read is a problem already.
  if (!problems.any() && ring.keys.length === 0) file.problem('keys', 'no key', 'at least one key');
}

/** The ring that encrypts secrets at rest. */
export const dataRing: RingKind<DataKeyring> = Object.freeze({
  parse: parseDataKeyring,
  format: formatDataKeyring,
  seals: (ring: DataKeyring, now: EpochSeconds) => {
    const { key, because } = dataPrimary(ring, now);
    return { kid: key.kid, because };
  },
  describe: (ring: DataKeyring, now: EpochSeconds) =>
    ring.keys.map((key) => ({
      kid: key.kid,
      state: dataKeyState(ring, key, now),
      created: formatTime(key.created),
      activates: formatTime(key.activates),
    })),
  proving: (ring: DataKeyring) => ring.keys,
  report: { format: 'signet-data-keyring-report/1', salt: 'signet.data-keyring.v1' },
});
