// Owns: measurement (g): whole sign-ins with a password and an app's code, at a steady rate, and what they cost beside the
// password's hash. People are in a file, what they have enrolled in a SQLite file.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../src/config/read-config.ts';
import { addPerson, listPeople } from '../src/directories/users-file-edit.ts';
import { systemRandom } from '../src/lib/random.ts';
import { createHash } from '../src/methods/argon2.ts';
import { type App, openEnroller } from '../test/support/enroller.ts';
import { Connection, type HttpAnswer } from './connection.ts';
import { ATTRIBUTES, type Folder, PASSWORD, startNode, stopNode, wantTwoFactors } from './identity-provider.ts';
import { BOTH_CORES, familyCpuSeconds } from './machine.ts';
import { type RawHashes, rawHashes } from './raw-hashes.ts';
import { formHead, type PreparedRequest, pageRequest, ssoRequests } from './requests.ts';
import { requireResponse } from './responses.ts';
import { median, percentile } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface TwoFactorsPlan {
  readonly rounds: number;
  /** Per round. */
  readonly seconds: number;
  /** Of the hashes that one process can make: under 1, so that nobody waits long in the hash queue. */
  readonly share: number;
}

/** People whose hash costs next to nothing: what their sign-ins take is everything beside it. */
const QUICK = 24;
const QUICK_COST = { memory: 64, time: 1, parallelism: 1 } as const;

/** A code counts once in 30 seconds; several apps let a person sign in as often as this needs. */
const APPS = 4;
/** For the compiler, two a second; not counted. */
const WARM_UP = 8;

interface Round {
  /** Milliseconds from when each sign-in was due to its answer. */
  readonly latencies: readonly number[];
  /** The same of people whose hash costs nothing. */
  readonly quick: readonly number[];
  /** Seconds of CPU of the node and its hashing processes. */
  readonly cpu: number;
}

/** (g) */
export async function measureTwoFactors(folder: Folder, plan: TwoFactorsPlan): Promise<readonly Row[]> {
  await wantTwoFactors(folder, true);
  const quickPeople = await addQuickPeople(folder);
  const environment = { SIGNET_DATABASE_URL: `sqlite:${join(folder.path, 'two-factors.db')}` };
  const node = await startNode(folder, { cores: BOTH_CORES, environment });
  const rounds: Round[] = [];
  const raws: RawHashes[] = [];
  try {
    const codes = await enrol(folder, folder, environment);
    const quickCodes = await enrol(folder, quickPeople, environment);
    await signInSteadily(folder, quickCodes, WARM_UP, 2);
    for (let i = 0; i < plan.rounds; i++) {
      const raw = await rawHashes(folder, 1, 3);
      raws.push(raw);
      const perSecond = plan.share * raw.perSecond;
      const count = Math.ceil(plan.seconds * perSecond);
      const before = familyCpuSeconds(node.pid);
      const latencies = await signInSteadily(folder, codes, count, perSecond);
      const cpu = familyCpuSeconds(node.pid) - before;
      const quick = await signInSteadily(folder, quickCodes, count, perSecond);
      rounds.push({ latencies, cpu, quick });
    }
    raws.push(await rawHashes(folder, 1, 3));
  } finally {
    await stopNode(node);
    await wantTwoFactors(folder, false);
  }
  return rowsOf(rounds, raws);
}

function rowsOf(rounds: readonly Round[], raws: readonly RawHashes[]): readonly Row[] {
  const latencies = rounds.flatMap((round) => round.latencies);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(latencies, share));
  const hashMs = 1000 / median(raws.map((raw) => raw.perSecond));
  const hashCpuMs = median(raws.map(({ cpuMs }) => cpuMs));
  const cpuMs = (rounds.reduce((sum, { cpu }) => sum + cpu, 0) * 1000) / latencies.length;
  const beside = median(rounds.flatMap(({ quick }) => quick));
  const what = '(g) password and app';
  return [
    {
      what: `${what}, p50 / p95 / p99`,
      value: [p50, p95, p99]
        .map((value) => number(value ?? 0))
        .join(' / ')
        .concat(' ms'),
      comparedWith: `${latencies.length} sign-ins of 5 requests each`,
      ratio: '',
      bar: 'p99 < 500 ms',
      held: (p99 ?? 0) < 500,
    },
    {
      what: `${what}, p50 beside the hash`,
      value: `${number(beside)} ms`,
      comparedWith: `p50 of people with a hash of 64 KiB; raw Argon2id: ${number(hashMs)} ms`,
      ratio: '',
      bar: '< 20 ms',
      held: beside < 20,
    },
    {
      what: `${what}, sign-ins per core`,
      value: `${number(1000 / cpuMs)}/s`,
      comparedWith: `raw Argon2id: ${number(1000 / hashCpuMs)}/s per core`,
      ratio: (hashCpuMs / cpuMs).toFixed(2),
      bar: '',
      held: null,
    },
    {
      what: `${what}, cores for 200/s`,
      value: number((200 * cpuMs) / 1000),
      comparedWith: `raw Argon2id alone: ${number((200 * hashCpuMs) / 1000)}`,
      ratio: '',
      bar: '',
      held: null,
    },
  ];
}

/** Whose code may be used now, and only once. */
type TakeCode = () => { readonly loginName: string; readonly code: string };

type People = Pick<Folder, 'accountIds' | 'loginNames'>;

async function addQuickPeople(folder: Folder): Promise<People> {
  const random = systemRandom();
  const passwordHash = await createHash(PASSWORD, QUICK_COST, random);
  const usersFile = join(folder.path, 'users.yaml');
  const loginNames = Array.from({ length: QUICK }, (_, i) => `quick${i}`);
  for (const loginName of loginNames) {
    await addPerson(usersFile, { loginName, passwordHash, attributes: ATTRIBUTES, groups: [] }, random);
  }
  const added = (await listPeople(usersFile)).filter(({ account }) => loginNames.includes(account.loginName));
  return {
    accountIds: added.map(({ account }) => account.id),
    loginNames: added.map(({ account }) => account.loginName),
  };
}

async function enrol(folder: Folder, people: People, environment: Readonly<Record<string, string>>): Promise<TakeCode> {
  const enroller = openEnroller(readConfig(join(folder.path, 'signet.yaml'), environment));
  const owned: { readonly loginName: string; readonly app: App; lastStep: number }[] = [];
  // Everybody's first app, then everybody's second: nobody signs in twice in a row.
  for (let n = 0; n < APPS; n++) {
    for (const [i, id] of people.accountIds.entries()) {
      owned.push({ loginName: people.loginNames[i] ?? '', app: await enroller.giveApp(id), lastStep: 0 });
    }
  }
  await enroller.close();
  return () => {
    const step = Math.floor(Date.now() / 30_000);
    const found = owned.find(({ lastStep }) => lastStep < step);
    if (found === undefined) throw new Error('every app has been used in this half minute');
    found.lastStep = step;
    return { loginName: found.loginName, code: found.app.codeAt(step * 30) };
  };
}

async function signInSteadily(folder: Folder, take: TakeCode, count: number, perSecond: number) {
  const requests = ssoRequests(count, folder.ssoUrl);
  const began = performance.now();
  return Promise.all(
    requests.map(async (request, i): Promise<number> => {
      const due = began + (i * 1000) / perSecond;
      await sleep(Math.max(0, due - performance.now()));
      // A timer that fired late is the client's fault, not the server's.
      const from = Math.max(due, performance.now());
      await signIn(folder, request, take);
      return performance.now() - from;
    }),
  );
}

async function signIn(folder: Folder, request: PreparedRequest, take: TakeCode): Promise<void> {
  const connection = await Connection.open(folder.port, '');
  try {
    const { loginName, code } = take();
    const started = await connection.send(request);
    const path = locationOf(started);
    const url = `${folder.publicUrl}${path}`;
    const post = (page: HttpAnswer, fields: Readonly<Record<string, string>>): Promise<HttpAnswer> => {
      const body = new URLSearchParams({ form_token: tokenOf(page), ...fields }).toString();
      return connection.send(formHead(url, body), body);
    };
    const login = await connection.send(pageRequest(url));
    locationOf(await post(login, { username: loginName, password: PASSWORD }));
    const asked = await connection.send(pageRequest(url));
    requireResponse(await post(asked, { method: 'totp', code }));
  } finally {
    connection.close();
  }
}

function locationOf(answer: HttpAnswer): string {
  const path = /\r\nlocation: (\/flow\/[^\r]+)/i.exec(answer.head)?.[1];
  if (answer.status !== 303 || path === undefined) throw new Error(`not led on, but ${answer.status}`);
  return path;
}

function tokenOf(page: HttpAnswer): string {
  const token = /name="form_token" value="([^"]+)"/.exec(page.body.toString('utf8'))?.[1];
  if (token === undefined) throw new Error(`no form, but ${page.status}`);
  return token;
}
