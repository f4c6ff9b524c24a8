// Owns: two rotations of the sealing keys on real nodes, each to the end of the old key, while nodes die.
// Leaves to live.ts: who signs in meanwhile.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatTime } from '../../src/sealer/json-record.ts';
import { type Keyring, parseKeyring, primary, readyAt, type SealingKey } from '../../src/sealer/keyring.ts';
import type { Fleet } from './fleet.ts';
import type { Ledger } from './ledger.ts';
import { CLOCKS, DELAYS_MS, LIFETIMES, TIMING } from './lifetimes.ts';

/** What everything that happens to keys and nodes plays on. */
export interface LiveStage {
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly say: (line: string) => void;
  kills: number;
}

/** Reads the operator's ring, and lets the ledger know. */
export function learn({ fleet, ledger }: Pick<LiveStage, 'fleet' | 'ledger'>): Keyring {
  const ring = parseKeyring(readFileSync(fleet.ringFile), { minSerial: 0 });
  ledger.learn(ring);
  return ring;
}

/** Twice in a row: the second swap of a folder is the one that naive watchers miss. */
export async function twoRotations(stage: LiveStage): Promise<void> {
  await rotation(stage, async (key) => {
    // Killed before the new file is there, back when it is: it starts with a key that waits.
    await dieAndReturn(stage, 'n2', 2500);
    stage.say(`key ${short(key)} is at every node and waits`);
  });
  await rotation(stage, async (key) => {
    await until(key.activates + 0.3);
    await dieAndReturn(stage, 'n3', 1500);
  });
}

/** A new key from its making to the end of its predecessor; `trouble` happens meanwhile. */
async function rotation(stage: LiveStage, trouble: (key: SealingKey) => Promise<void>): Promise<void> {
  const { fleet, say } = stage;
  const { ring, key, before } = await rotate(stage);
  await Promise.all([trouble(key), hand(stage, { ring, key, before })]);
  await fleet.signet('keys', 'verify', '--endpoints', endpointsOf(fleet), '--wait', '5s');
  say('signet keys verify: every node holds this ring');
  await until(before.expires + LIFETIMES.skew + 0.5);
  await fleet.signet('keys', 'prune', ...TIMING);
  const left = learn(stage);
  if (left.keys.some(({ kid }) => kid === before.kid)) throw new Error(`key ${before.kid} was not pruned`);
  say(`signet keys prune: key ${short(before)} is gone`);
  await fleet.distribute('ring', DELAYS_MS);
}

/** The file comes, the new key begins, the old one retires. */
async function hand({ fleet, say }: LiveStage, { ring, key, before }: Rotated): Promise<void> {
  await fleet.distribute('ring', DELAYS_MS);
  const latest = readyAt(ring, key) - LIFETIMES.poll - (Math.max(...CLOCKS) - Math.min(...CLOCKS));
  // Otherwise nothing would be shown: the nodes would be told too late, which `--sabotage late` is for.
  if (Date.now() / 1000 > latest)
    throw new Error('this machine is too busy: copies took longer than propagation allows');
  await until(readyAt(ring, key));
  say(`key ${short(key)} begins to seal`);
  await until(before.retires);
  say(`key ${short(before)} has retired: it opens, and seals no more`);
}

interface Rotated {
  readonly ring: Keyring;
  /** The new one. */
  readonly key: SealingKey;
  /** The one that seals until then. */
  readonly before: SealingKey;
}

export async function rotate(stage: LiveStage): Promise<Rotated> {
  await stage.fleet.signet('keys', 'rotate', '--activate-in', `${LIFETIMES.propagation}s`, ...TIMING);
  const ring = learn(stage);
  const before = primary(ring, Math.floor(Date.now() / 1000))?.key;
  const key = ring.keys.at(-1);
  if (before === undefined || key === undefined || key === before) throw new Error('no new key was made');
  stage.say(`signet keys rotate: key ${short(key)} is to seal from ${formatTime(readyAt(ring, key))}`);
  return { ring, key, before };
}

async function dieAndReturn(stage: LiveStage, name: string, awayMs: number): Promise<void> {
  await stage.fleet.kill9(name);
  stage.kills += 1;
  stage.say(`${name} is killed with -9`);
  await sleep(awayMs);
  await stage.fleet.restart(name);
  stage.say(`${name} is back`);
}

/** Until this moment has passed on the slowest clock. */
async function until(seconds: number): Promise<void> {
  const slowest = Math.min(...CLOCKS);
  await sleep(Math.max(0, (seconds - slowest) * 1000 - Date.now()));
}

export function endpointsOf(fleet: Fleet): string {
  return fleet.nodes.map(({ managementPort }) => `127.0.0.1:${managementPort}`).join(',');
}

/** Enough of a key's id to tell it from the others. */
export function short({ kid }: SealingKey): string {
  return kid.slice(0, 8);
}
