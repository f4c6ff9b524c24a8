// Owns: measurement (g): whole sign-ins with a password and an app's code, at a steady rate, and what they cost beside the
// password's hash. People are in a file, what they have enrolled in a SQLite file.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../src/config/read-config.ts';
import type { Account } from '../src/core/account.ts';
import { addPeople, newAccountId } from '../src/directories/users-file-edit.ts';
import { systemRandom } from '../src/lib/random.ts';
import { createHash } from '../src/methods/argon2.ts';
import { type App, openEnroller } from '../test/support/enroller.ts';
import { Connection, type HttpAnswer } from './connection.ts';
import { ATTRIBUTES, type Folder, PASSWORD, startNode, stopNode, wantTwoFactors } from './identity-provider.ts';
import { type Answered, steadily } from './load.ts';
import { BOTH_CORES, familyCpuSeconds } from './machine.ts';
import { type RawHashes, rawHashes } from './raw-hashes.ts';
import { formHead, type PreparedRequest, pageRequest, ssoRequests } from './requests.ts';
import { requireResponse } from './responses.ts';
import { type Counted, type RoundsPlan, runRounds, type Timed } from './rounds.ts';
import { median, percentile } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface TwoFactorsPlan extends RoundsPlan {
  /** Per round. */
  readonly seconds: number;
  /** The same for people whose hash costs nothing. */
  readonly quickSeconds: number;
  /** Of the hashes that one process can make: under 1, so that nobody waits long in the hash queue. */
  readonly share: number;
}

/** Of people whose hash costs next to nothing: what their sign-ins take is everything beside it. */
const QUICK_COST = { memory: 64, time: 1, parallelism: 1 } as const;

/** A code counts once in so many seconds, and everybody has one app: it takes as many people as sign in in that time. */
const STEP = 30;
/** Not counted: a node that has just started runs much of this for the first time, uncompiled, and does so once. */
const WARM_UP = { signIns: 150, perSecond: 15 } as const;

interface SignIns extends Answered {
  /** Who were told to come back, because the hash queue was full or the wait in it too long. */
  readonly refused: number;
}

interface Round extends Timed {
  /** Milliseconds from when each sign-in was due to its answer. */
  readonly latencies: readonly number[];
  readonly refused: number;
  /** The same of people whose hash costs nothing. */
  readonly quick: readonly number[];
  /** Seconds of CPU of the node and its hashing processes. */
  readonly cpu: number;
  readonly raw: RawHashes;
}

const RAW_SECONDS = 3;

/** (g) */
export async function measureTwoFactors(folder: Folder, plan: TwoFactorsPlan): Promise<readonly Row[]> {
  await wantTwoFactors(folder, true);
  const first = await rawHashes(folder, 1, RAW_SECONDS);
  // Half as many again as the first look says, should the next one find more.
  const codesPerStep = Math.ceil(1.5 * STEP * plan.share * first.perSecond);
  const quickHash = await createHash(PASSWORD, QUICK_COST, systemRandom());
  const people = await makePeople(folder, 'whole', codesPerStep, folder.passwordHash);
  const quickPeople = await makePeople(folder, 'quick', codesPerStep + WARM_UP.signIns, quickHash);
  const environment = { SIGNET_DATABASE_URL: `sqlite:${join(folder.path, 'two-factors.db')}` };
  const node = await startNode(folder, { cores: BOTH_CORES, environment });
  try {
    const codes = await enrol(folder, people, environment);
    const quickCodes = await enrol(folder, quickPeople, environment);
    await signInSteadily(folder, quickCodes, WARM_UP.signIns, WARM_UP.perSecond);
    return rowsOf(
      await runRounds(plan, async (): Promise<Round> => {
        const raw = await rawHashes(folder, 1, RAW_SECONDS);
        const perSecond = Math.min(plan.share * raw.perSecond, codesPerStep / STEP);
        const before = familyCpuSeconds(node.pid);
        const whole = await signInSteadily(folder, codes, plan.seconds * perSecond, perSecond);
        const cpu = familyCpuSeconds(node.pid) - before;
        const quick = await signInSteadily(folder, quickCodes, plan.quickSeconds * perSecond, perSecond);
        const lateness = [...whole.lateness, ...quick.lateness];
        return { latencies: whole.latencies, refused: whole.refused, cpu, quick: quick.latencies, raw, lateness };
      }),
    );
  } finally {
    await stopNode(node);
    await wantTwoFactors(folder, false);
  }
}

function rowsOf({ rounds, loaded }: Counted<Round>): readonly Row[] {
  const raws = rounds.map(({ raw }) => raw);
  const latencies = rounds.flatMap((round) => round.latencies);
  const refused = rounds.reduce((sum, round) => sum + round.refused, 0);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(latencies, share));
  const hashMs = 1000 / median(raws.map((raw) => raw.perSecond));
  const hashCpuMs = median(raws.map(({ cpuMs }) => cpuMs));
  const cpuMs = (rounds.reduce((sum, { cpu }) => sum + cpu, 0) * 1000) / latencies.length;
  const beside = median(rounds.flatMap(({ quick }) => quick));
  const what = '(g) password and app';
  const rows: readonly Row[] = [
    {
      what: `${what}, p50 / p95 / p99`,
      value: [p50, p95, p99]
        .map((value) => number(value ?? 0))
        .join(' / ')
        .concat(' ms'),
      comparedWith: `${latencies.length} sign-ins of 5 requests each, ${refused} told to come back`,
      ratio: '',
      bar: 'p99 < 500 ms',
      held: (p99 ?? 0) < 500 && refused === 0,
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
  return rows.map((row) => ({ ...row, loaded }));
}

/** Whose code may be used now, and only once. */
type TakeCode = () => { readonly loginName: string; readonly code: string };

type People = readonly Account[];

async function makePeople(folder: Folder, name: string, count: number, passwordHash: string): Promise<People> {
  const random = systemRandom();
  const people = Array.from({ length: count }, (_, i): Account => {
    return { id: newAccountId(random), loginName: `${name}${i}`, disabled: false, attributes: ATTRIBUTES, groups: [] };
  });
  await addPeople(
    join(folder.path, 'users.yaml'),
    people.map((account) => ({ account, passwordHash })),
  );
  return people;
}

/** Gives everybody an app, and out of each step one code of each. */
async function enrol(folder: Folder, people: People, environment: Readonly<Record<string, string>>): Promise<TakeCode> {
  const enroller = openEnroller(readConfig(join(folder.path, 'signet.yaml'), environment));
  const owned: { readonly loginName: string; readonly app: App; lastStep: number }[] = [];
  for (const { id, loginName } of people) {
    owned.push({ loginName, app: await enroller.giveApp(id), lastStep: 0 });
  }
  await enroller.close();
  return () => {
    const step = Math.floor(Date.now() / 1000 / STEP);
    const found = owned.find(({ lastStep }) => lastStep < step);
    if (found === undefined) throw new Error('every app has been used in this half minute');
    found.lastStep = step;
    return { loginName: found.loginName, code: found.app.codeAt(step * STEP) };
  };
}

/** A sign-in begins when it is due, whatever became of those before. */
async function signInSteadily(folder: Folder, take: TakeCode, count: number, perSecond: number): Promise<SignIns> {
  const requests = ssoRequests(Math.ceil(count), folder.ssoUrl);
  const dueAt = steadily(requests.length, perSecond);
  const began = performance.now();
  const lateness: number[] = [];
  const all = await Promise.all(
    requests.map(async (request, i): Promise<number | null> => {
      const due = began + (dueAt[i] ?? 0);
      await sleep(Math.max(0, due - performance.now()));
      // As in load.ts: what a timer was late or early is told by itself.
      const from = performance.now();
      lateness.push(Math.max(0, from - due));
      return (await signIn(folder, request, take)) ? performance.now() - from : null;
    }),
  );
  const latencies = all.filter((one) => one !== null);
  return { latencies, lateness, refused: all.length - latencies.length };
}

/** False: told to come back. */
async function signIn(folder: Folder, request: PreparedRequest, take: TakeCode): Promise<boolean> {
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
    const proved = await post(login, { username: loginName, password: PASSWORD });
    if (proved.status === 503) return false;
    locationOf(proved);
    const asked = await connection.send(pageRequest(url));
    requireResponse(await post(asked, { method: 'totp', code }));
    return true;
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
