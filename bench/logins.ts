// Owns: measurements (d) and (e): password logins against raw Argon2id, and what a flood of them does to SSO.
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultHashWorkers } from '../src/methods/hash-pool.ts';
import { Connection } from './connection.ts';
import { type Folder, startNode, stopNode } from './identity-provider.ts';
import { type Answered, atFixedRate, steadily } from './load.ts';
import { type OpenLogin, openLogins, postLogin } from './login-client.ts';
import { BOTH_CORES } from './machine.ts';
import { rawHashes } from './raw-hashes.ts';
import { ssoRequests } from './requests.ts';
import { type Counted, type RoundsPlan, runRounds, type Timed } from './rounds.ts';
import { createMint } from './sessions.ts';
import { median, percentile } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface LoginsPlan extends RoundsPlan {
  /** Of logins, per round; raw hashes are made for half as long before and after them. */
  readonly seconds: number;
  /** Logins under way at once: enough that no hashing process ever waits for one. */
  readonly concurrency: number;
}

interface LoginsRound extends Timed {
  readonly rate: number;
  readonly raw: number;
}

/** (d) */
export async function measureLogins(folder: Folder, plan: LoginsPlan): Promise<readonly Row[]> {
  const workers = defaultWorkers();
  const node = await startNode(folder, { cores: BOTH_CORES });
  try {
    const hash = async (): Promise<number> => (await rawHashes(folder, workers, plan.seconds / 2)).perSecond;
    const { rounds, loaded } = await runRounds(plan, async (): Promise<LoginsRound> => {
      const before = await hash();
      const logins = await openLogins(folder, Math.ceil(plan.seconds * before * 1.5) + plan.concurrency);
      const rate = await loginRate(folder, logins, plan);
      return { rate, raw: (before + (await hash())) / 2, lateness: [] };
    });
    const ratio = median(rounds.map(({ rate, raw }) => rate / raw));
    return [
      {
        what: `(d) password logins, ${workers} hashing process${workers === 1 ? '' : 'es'}`,
        value: `${number(median(rounds.map(({ rate }) => rate)))}/s`,
        comparedWith: `raw Argon2id: ${number(median(rounds.map(({ raw }) => raw)))}/s`,
        ratio: ratio.toFixed(2),
        bar: '≥ 0.85',
        held: ratio >= 0.85,
        loaded,
      },
    ];
  } finally {
    await stopNode(node);
  }
}

/** As the node counts them: this process is pinned to one core, the node is not. */
function defaultWorkers(): number {
  return Math.max(defaultHashWorkers(), BOTH_CORES.split(',').length - 1);
}

async function loginRate(folder: Folder, logins: OpenLogin[], plan: LoginsPlan): Promise<number> {
  const connections = await openConnections(folder, plan.concurrency, () => '');
  const began = performance.now();
  let ended = began;
  let count = 0;
  const work = async (connection: Connection): Promise<void> => {
    while (performance.now() - began < plan.seconds * 1000) {
      const login = logins.pop();
      if (login === undefined) return;
      // Somebody who was told to come back has not been let in; with so few under way nobody is, on free cores.
      if ((await postLogin(connection, login)) === 'busy') continue;
      count += 1;
      ended = performance.now();
    }
  };
  await Promise.all(connections.map(work));
  for (const connection of connections) connection.close();
  return (count * 1000) / (ended - began);
}

export interface FloodPlan extends RoundsPlan {
  readonly seconds: number;
  readonly ssoPerSecond: number;
  /** Far more than can be hashed. */
  readonly loginsPerSecond: number;
}

/** More than the hash queue holds, so that it is full. */
const FLOODERS = 96;

interface FloodRound extends Timed {
  readonly idle: readonly number[];
  readonly flooded: readonly number[];
  /** Logins that were told to come back. */
  readonly busy: number;
}

/** (e) */
export async function measureFlood(folder: Folder, plan: FloodPlan): Promise<readonly Row[]> {
  const node = await startNode(folder, { cores: BOTH_CORES });
  try {
    const mint = createMint(folder);
    const ask = async (): Promise<Answered> => {
      const connections = await openConnections(folder, 16, mint);
      const requests = ssoRequests(plan.seconds * plan.ssoPerSecond, folder.ssoUrl);
      const answered = await atFixedRate(connections, requests, steadily(requests.length, plan.ssoPerSecond));
      for (const connection of connections) connection.close();
      return answered;
    };
    await ask(); // for the compiler
    return floodRows(
      await runRounds(plan, async (): Promise<FloodRound> => {
        const idle = await ask();
        const flood = startFlood(folder, await openLogins(folder, FLOODERS * 2 + plan.seconds * 20), plan);
        await sleep(1000);
        const flooded = await ask();
        const busy = await flood.stop();
        return { idle: idle.latencies, flooded: flooded.latencies, busy, lateness: idle.lateness };
      }),
      plan,
    );
  } finally {
    await stopNode(node);
  }
}

function floodRows({ rounds, loaded }: Counted<FloodRound>, plan: FloodPlan): readonly Row[] {
  const busy = rounds.reduce((sum, round) => sum + round.busy, 0);
  const [idle, flooded] = [rounds.flatMap((round) => round.idle), rounds.flatMap((round) => round.flooded)];
  if (busy === 0) throw new Error('no login was refused: the queue was never full');
  const [before, during] = [percentile(idle, 0.99), percentile(flooded, 0.99)];
  return [
    {
      what: `(e) SSO p99 while logins flood`,
      value: `${during.toFixed(2)} ms`,
      comparedWith: `idle p99: ${before.toFixed(2)} ms (${plan.ssoPerSecond} SSO/s)`,
      ratio: `${(during / before).toFixed(2)} ×`,
      bar: '≤ 3 ×',
      held: during <= 3 * before,
      loaded,
    },
    {
      what: '(e) SSO p50 while logins flood',
      value: `${median(flooded).toFixed(2)} ms`,
      comparedWith: `idle p50: ${median(idle).toFixed(2)} ms; ${busy} logins told to come back`,
      ratio: `${(median(flooded) / median(idle)).toFixed(2)} ×`,
      bar: '',
      held: null,
      loaded,
    },
  ];
}

interface Flood {
  /** How many logins were told to come back. */
  readonly stop: () => Promise<number>;
}

function startFlood(folder: Folder, logins: OpenLogin[], plan: FloodPlan): Flood {
  let stopped = false;
  let busy = 0;
  const pause = (FLOODERS * 1000) / plan.loginsPerSecond;
  const work = async (number: number): Promise<void> => {
    const connection = await Connection.open(folder.port, '');
    await sleep((number * pause) / FLOODERS);
    while (!stopped) {
      const login = logins.shift();
      if (login === undefined) break;
      if ((await postLogin(connection, login)) === 'busy') {
        busy += 1;
        logins.push(login);
        await sleep(pause);
      }
    }
    connection.close();
  };
  const all = Promise.all(Array.from({ length: FLOODERS }, (_, number) => work(number)));
  return {
    stop: async () => {
      stopped = true;
      await all;
      return busy;
    },
  };
}

function openConnections(
  folder: Folder,
  count: number,
  cookies: (i: number) => string,
): Promise<readonly Connection[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => Connection.open(folder.port, cookies(i))));
}
