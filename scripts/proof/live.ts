// Owns: the proof on real nodes: what is done to the keys and the nodes, and when, while people sign in.
// Leaves to fleet.ts: the nodes; to crowd.ts: the people; to report.ts: what is printed of it.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatTime } from '../../src/sealer/json-record.ts';
import { type Keyring, parseKeyring, primary, readyAt, type SealingKey } from '../../src/sealer/keyring.ts';
import type { Person } from '../local-cluster.ts';
import { spMetadata } from '../saml-sp.ts';
import { startCrowd } from './crowd.ts';
import { type EmergencyResult, runEmergency } from './emergency.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { createLedger, type KeyRow, type Ledger } from './ledger.ts';
import { keyRefusals } from './metrics.ts';
import { newIdentities, type ReadingSp, type SignedCounts, startReadingSp } from './proof-sp.ts';
import { newTally, type Tally } from './tally.ts';
import type { World } from './visitor.ts';

/** late: the last node gets a new key after the others seal with it. forced: the key begins before it is anywhere. */
export const SABOTAGES = ['late', 'forced'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

export interface LiveSettings {
  readonly sabotage: Sabotage | null;
  readonly say: (line: string) => void;
}

export interface LiveResult {
  readonly balancer: string;
  readonly seconds: number;
  readonly tally: Tally;
  readonly keys: readonly KeyRow[];
  readonly signed: SignedCounts;
  readonly retries: number;
  /** Values that a node refused because of their key; what a killed node had counted is lost. */
  readonly refusals: number;
  readonly kills: number;
  /** Null when the keys were sabotaged: there is nothing left to show. */
  readonly emergency: EmergencyResult | null;
}

/** Everything in seconds, and as short as two shared cores allow. */
export const LIFETIMES = {
  propagation: 10,
  poll: 1,
  skew: 1,
  grace: 2,
  absolute: 12,
  idle: 8,
  metadataRefresh: 3,
  assertion: 5,
} as const;
export const CLOCKS = [-0.5, 0, 0.5] as const;

const TIMING = ['--every', '60s', '--grace', `${LIFETIMES.grace}s`, '--longest-lifetime', `${LIFETIMES.absolute}s`];
const ENVIRONMENT = {
  SIGNET_SKEW: String(LIFETIMES.skew),
  SIGNET_KEYRING_POLL: String(LIFETIMES.poll),
  SIGNET_SAML_SIGNING_POLL: String(LIFETIMES.poll),
  SIGNET_SAML_METADATA_REFRESH: String(LIFETIMES.metadataRefresh),
  SIGNET_SAML_ASSERTION_LIFETIME: String(LIFETIMES.assertion),
  SIGNET_SESSION_ABSOLUTE: String(LIFETIMES.absolute),
  SIGNET_SESSION_IDLE: String(LIFETIMES.idle),
  // Small hashes: what is proved here is not the price of a password.
  SIGNET_PASSWORD_ARGON2_MEMORY: '1024',
  SIGNET_PASSWORD_ARGON2_TIME: '1',
  SIGNET_PASSWORD_ARGON2_PARALLELISM: '1',
  SIGNET_PASSWORD_WORKERS: '1',
};
const PERSON: Person = { name: 'alice', password: 'correct horse battery', attributes: ['mail=alice@example.org'] };

/** What copies of signing keys need, and a node's look; in seconds. */
const SIGNING_PROPAGATION = 5;

/** When a changed file is at each node, after it was written: each at another moment. */
const DELAYS_MS = [200, 1500, 2800] as const;

/** Service providers read the metadata at their own pace, and at least once in `metadataRefresh`. */
const READ_METADATA_MS = [1000, 2500] as const;

export async function runLive(settings: LiveSettings): Promise<LiveResult> {
  const identities = await newIdentities();
  const fleet = await startFleet({
    environment: ENVIRONMENT,
    ring: ['--propagation', `${LIFETIMES.propagation}s`, ...TIMING],
    nodes: CLOCKS.map((clock, i) => ({ clock, delivery: i === 0 ? 'renamed files' : '..data swap' })),
    person: PERSON,
    parties: identities.map(spMetadata),
  });
  const sps: ReadingSp[] = [];
  const signed: SignedCounts = new Map();
  const metadataUrl = `${fleet.publicUrl}/saml/idp/metadata`;
  try {
    for (const [i, identity] of identities.entries()) {
      sps.push(
        await startReadingSp({
          identity,
          metadataUrl,
          everyMs: READ_METADATA_MS[i % READ_METADATA_MS.length] ?? 1000,
          signed,
        }),
      );
    }
    const clocks = new Map(fleet.nodes.map(({ name, clock }) => [name, clock]));
    const ledger = createLedger();
    const world: World = {
      tally: newTally(),
      ledger,
      clockOf: (node) => clocks.get(node) ?? 0,
      sessionSeconds: LIFETIMES.absolute,
    };
    const begun = performance.now();
    const stage: LiveStage = {
      fleet,
      ledger,
      kills: 0,
      say: (line) => settings.say(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`),
    };
    learn(stage);
    const crowd = startCrowd(world, sps, PERSON);
    try {
      await sleep(2000);
      if (settings.sabotage === null) await Promise.all([twoRotations(stage), rollover(stage)]);
      else await sabotaged(stage, settings.sabotage);
    } finally {
      await crowd.stop();
    }
    const seconds = (performance.now() - begun) / 1000;
    const measured = { balancer: fleet.balancer, seconds, tally: world.tally, signed, kills: stage.kills };
    const [retries, refusals] = [fleet.retries(), await refusalsOf(fleet)];
    const emergency =
      settings.sabotage === null
        ? await runEmergency({
            fleet,
            world,
            sps,
            person: PERSON,
            say: stage.say,
            learn: () => learn(stage),
            timing: TIMING,
          })
        : null;
    return { ...measured, retries, refusals, keys: ledger.rows(), emergency };
  } finally {
    for (const sp of sps) sp.close();
    await fleet.close();
  }
}

interface LiveStage {
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly say: (line: string) => void;
  kills: number;
}

function learn({ fleet, ledger }: Pick<LiveStage, 'fleet' | 'ledger'>): Keyring {
  const ring = parseKeyring(readFileSync(fleet.ringFile), { minSerial: 0 });
  ledger.learn(ring);
  return ring;
}

async function refusalsOf({ nodes }: Fleet): Promise<number> {
  const counts = nodes.map(async ({ managementPort }) => {
    const answer = await fetch(`http://127.0.0.1:${managementPort}/metrics`);
    return keyRefusals(await answer.text());
  });
  return (await Promise.all(counts)).reduce((sum, refused) => sum + refused, 0);
}

async function twoRotations(stage: LiveStage): Promise<void> {
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
  const copied = fleet.distribute('ring', DELAYS_MS);
  const troubled = trouble(key);
  await copied;
  const latest = readyAt(ring, key) - LIFETIMES.poll - (Math.max(...CLOCKS) - Math.min(...CLOCKS));
  // Otherwise nothing would be shown: the nodes would be told too late, which `--sabotage late` is for.
  if (Date.now() / 1000 > latest)
    throw new Error('this machine is too busy: copies took longer than propagation allows');
  await until(readyAt(ring, key));
  say(`key ${short(key)} begins to seal`);
  await until(before.retires);
  say(`key ${short(before)} has retired: it opens, and seals no more`);
  await troubled;
  await fleet.signet('keys', 'verify', '--endpoints', endpointsOf(fleet), '--wait', '5s');
  say('signet keys verify: every node holds this ring');
  await until(before.expires + LIFETIMES.skew + 0.5);
  await fleet.signet('keys', 'prune', ...TIMING);
  const left = learn(stage);
  if (left.keys.some(({ kid }) => kid === before.kid)) throw new Error(`key ${before.kid} was not pruned`);
  say(`signet keys prune: key ${short(before)} is gone`);
  await fleet.distribute('ring', DELAYS_MS);
}

interface Rotated {
  readonly ring: Keyring;
  /** The new one. */
  readonly key: SealingKey;
  /** The one that seals until then. */
  readonly before: SealingKey;
}

async function rotate(stage: LiveStage): Promise<Rotated> {
  await stage.fleet.signet('keys', 'rotate', '--activate-in', `${LIFETIMES.propagation}s`, ...TIMING);
  const ring = learn(stage);
  const before = primary(ring, Math.floor(Date.now() / 1000))?.key;
  const key = ring.keys.at(-1);
  if (before === undefined || key === undefined || key === before) throw new Error('no new key was made');
  stage.say(`signet keys rotate: key ${short(key)} is to seal from ${formatTime(readyAt(ring, key))}`);
  return { ring, key, before };
}

/** A signing key's rollover, while the sealing keys change as well. No step is forced: the commands hold to the times. */
async function rollover({ fleet, say }: LiveStage): Promise<void> {
  const everywhere = async (): Promise<void> => {
    await fleet.distribute('signing keys', DELAYS_MS.toReversed());
    await fleet.signet('signing-keys', 'verify', '--endpoints', endpointsOf(fleet), '--wait', '10s');
  };
  const waiting = ['--endpoints', endpointsOf(fleet), '--propagation', `${SIGNING_PROPAGATION}s`] as const;
  const { metadataRefresh, assertion, skew } = LIFETIMES;
  await fleet.signet('signing-keys', 'publish-next');
  // In the metadata's file times are whole seconds.
  const published = performance.now() + 1000;
  say('signet signing-keys publish-next: another certificate is in the metadata, where the files have come');
  await everywhere();
  await sleep(Math.max(0, published + 1000 * (2 * metadataRefresh + SIGNING_PROPAGATION) - performance.now()));
  await fleet.signet('signing-keys', 'promote', ...waiting);
  const promoted = performance.now() + 1000;
  say('signet signing-keys promote: it signs, where the files have come');
  await everywhere();
  await sleep(Math.max(0, promoted + 1000 * (assertion + skew + SIGNING_PROPAGATION) - performance.now()));
  await fleet.signet('signing-keys', 'retire', ...waiting);
  say('signet signing-keys retire: the old certificate is gone from the metadata');
  await everywhere();
}

/** What must not be done, so that the table shows that it would see it. */
async function sabotaged(stage: LiveStage, sabotage: Sabotage): Promise<void> {
  const { fleet, say } = stage;
  const { key } = await rotate(stage);
  if (sabotage === 'forced') {
    await fleet.signet('keys', 'promote', '--kid', key.kid, '--force', ...TIMING);
    learn(stage);
    say(`signet keys promote --force: key ${short(key)} may seal although no node has it`);
    await fleet.distribute('ring', [0, 4000, 6000]);
  } else {
    say(
      `the file comes to n3 only ${LIFETIMES.propagation + 6} s after it was written; propagation is ${LIFETIMES.propagation} s`,
    );
    await fleet.distribute('ring', [200, 1500, (LIFETIMES.propagation + 6) * 1000]);
  }
  await sleep(1000);
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

function short({ kid }: SealingKey): string {
  return kid.slice(0, 8);
}
