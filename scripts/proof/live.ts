// Owns: the proof on real nodes: people sign in without a pause while keys change and nodes die; then the emergency.
// Leaves to rotations.ts, rollover.ts, sabotage.ts: what is done; to fleet.ts: nodes; to crowd.ts: people; to report.ts: print.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../local-cluster.ts';
import { spMetadata } from '../saml-sp.ts';
import { startCrowd } from './crowd.ts';
import { type EmergencyResult, runEmergency } from './emergency.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { createLedger, type KeyRow } from './ledger.ts';
import { CLOCKS, ENVIRONMENT, LIFETIMES, TIMING } from './lifetimes.ts';
import { keyRefusals } from './metrics.ts';
import { newIdentities, type ReadingSp, type SignedCounts, startReadingSp } from './proof-sp.ts';
import { rollover } from './rollover.ts';
import { type LiveStage, learn, twoRotations } from './rotations.ts';
import { SABOTAGE, type Sabotage } from './sabotage.ts';
import { newTally, type Tally } from './tally.ts';
import type { World } from './visitor.ts';

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

const PERSON: Person = { name: 'alice', password: 'correct horse battery', attributes: ['mail=alice@example.org'] };

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
      else await SABOTAGE[settings.sabotage](stage);
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

async function refusalsOf({ nodes }: Fleet): Promise<number> {
  const counts = nodes.map(async ({ managementPort }) => {
    const answer = await fetch(`http://127.0.0.1:${managementPort}/metrics`);
    return keyRefusals(await answer.text());
  });
  return (await Promise.all(counts)).reduce((sum, refused) => sum + refused, 0);
}
