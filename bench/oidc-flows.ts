// Owns: measurement (o): warm OpenID Connect code flows on one core against oidc-provider, and how quickly the documents
// that every client reads are answered.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, endAll, startChild, waitUntil } from '../scripts/processes.ts';
import { Connection } from './connection.ts';
import { type Folder, freePort, startNode, stopNode } from './identity-provider.ts';
import { cpuSeconds, NODE_CORE } from './machine.ts';
import {
  BENCH_CALLBACK,
  type BenchAlgorithm,
  codeFlow,
  get,
  OIDC_ALGORITHMS,
  type OidcAddresses,
} from './oidc-client.ts';
import { createMint } from './sessions.ts';
import { median, percentile } from './statistics.ts';
import { number, type Row } from './table.ts';

const PEER = fileURLToPath(new URL('./oidc-peer.ts', import.meta.url));

export interface OidcPlan {
  readonly rounds: number;
  readonly connections: number;
  /** Flows of a provider in each round. */
  readonly flows: number;
  readonly documents: number;
}

const SIGNET_PATHS = { authorize: '/oidc/authorize', token: '/oidc/token', userinfo: '/oidc/userinfo' };
const PEER_PATHS = { authorize: '/auth', token: '/token', userinfo: '/me' };
const DOCUMENTS = ['/.well-known/openid-configuration', '/oidc/jwks'];
const WARM_UP_ROUNDS = 2;

interface Provider {
  readonly at: OidcAddresses;
  readonly port: number;
  readonly cookies: string[];
}

export async function measureOidc(folder: Folder, plan: OidcPlan): Promise<readonly Row[]> {
  await registerClients(folder);
  const node = await startNode(folder, { cores: NODE_CORE });
  const peer = await startPeer();
  try {
    const mint = createMint(folder);
    const signet: Provider = {
      at: { host: `localhost:${folder.port}`, ...SIGNET_PATHS },
      port: folder.port,
      cookies: Array.from({ length: plan.connections }, (_, i) => mint(i)),
    };
    const other: Provider = {
      at: { host: `localhost:${peer.port}`, ...PEER_PATHS },
      port: peer.port,
      cookies: await Promise.all(Array.from({ length: plan.connections }, () => signInAtPeer(peer.port))),
    };
    const rows: Row[] = [];
    for (const algorithm of OIDC_ALGORITHMS) rows.push(await compare(plan, algorithm, signet, other, node.pid));
    rows.push(await readDocuments(folder, plan.documents));
    return rows;
  } finally {
    await stopNode(node);
    await endAll([peer.child], 5_000);
  }
}

async function compare(
  plan: OidcPlan,
  algorithm: BenchAlgorithm,
  signet: Provider,
  peer: Provider,
  pid: number,
): Promise<Row> {
  for (let i = 0; i < WARM_UP_ROUNDS; i++) {
    await flowsPerSecond(signet, algorithm, plan.flows);
    await flowsPerSecond(peer, algorithm, plan.flows);
  }
  const rounds: { readonly own: number; readonly peer: number; readonly cpu: number }[] = [];
  for (let i = 0; i < plan.rounds; i++) {
    const [before, began] = [cpuSeconds(pid), performance.now()];
    const own = await flowsPerSecond(signet, algorithm, plan.flows);
    const cpu = (cpuSeconds(pid) - before) / ((performance.now() - began) / 1000);
    rounds.push({ own, peer: await flowsPerSecond(peer, algorithm, plan.flows), cpu });
  }
  const ratio = median(rounds.map((round) => round.own / round.peer));
  const cpu = Math.round(median(rounds.map((round) => round.cpu)) * 100);
  return {
    what: `(o) code flow, ${algorithm}, one core (${cpu} % of it)`,
    value: `${number(median(rounds.map((round) => round.own)))}/s`,
    comparedWith: `oidc-provider in memory: ${number(median(rounds.map((round) => round.peer)))}/s`,
    ratio: `${ratio.toFixed(2)} ×`,
    bar: '≥ 1.0 ×',
    held: ratio >= 1,
  };
}

/** As many flows at once as there are connections of browsers. */
async function flowsPerSecond(provider: Provider, algorithm: BenchAlgorithm, count: number): Promise<number> {
  const pairs = await Promise.all(
    provider.cookies.map(async (cookies) => ({
      browser: await Connection.open(provider.port, cookies),
      client: await Connection.open(provider.port, ''),
    })),
  );
  let left = count;
  const began = performance.now();
  await Promise.all(
    pairs.map(async ({ browser, client }) => {
      while (left-- > 0) await codeFlow(browser, client, provider.at, algorithm);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  for (const [i, { browser, client }] of pairs.entries()) {
    provider.cookies[i] = browser.cookies;
    browser.close();
    client.close();
  }
  return count / seconds;
}

async function readDocuments(folder: Folder, count: number): Promise<Row> {
  const connection = await Connection.open(folder.port, '');
  const milliseconds: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    const answer = await connection.send(get(`localhost:${folder.port}`, DOCUMENTS[i % 2] ?? '', 'Accept: */*'));
    if (answer.status !== 200) throw new Error(`a document was answered with ${answer.status}`);
    milliseconds.push(performance.now() - began);
  }
  connection.close();
  return {
    what: '(o) discovery and keys, one after the other',
    value: `p99 ${percentile(milliseconds, 0.99).toFixed(2)} ms`,
    comparedWith: `p50 ${median(milliseconds).toFixed(2)} ms`,
    ratio: '',
    bar: '',
    held: null,
  };
}

async function registerClients(folder: Folder): Promise<void> {
  for (const algorithm of OIDC_ALGORITHMS) {
    const id = `bench-${algorithm.toLowerCase()}`;
    const client = {
      client_id: id,
      token_endpoint_auth_method: 'none',
      redirect_uris: [BENCH_CALLBACK],
      id_token_signed_response_alg: algorithm,
    };
    await writeFile(join(folder.path, 'parties', `${id}.client.json`), JSON.stringify(client));
  }
}

async function startPeer(): Promise<{ readonly child: Child; readonly port: number }> {
  const port = await freePort();
  const child = await startChild({
    name: 'oidc-provider',
    command: 'taskset',
    args: ['-c', NODE_CORE, process.execPath, PEER, String(port)],
    environment: { NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
  });
  await waitUntil('oidc-provider answers', 15_000, async () => {
    if (!child.alive()) throw new Error(`oidc-provider ended: ${child.lastLines().slice(-5).join('\n')}`);
    try {
      return (await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`)).ok;
    } catch {
      return false;
    }
  });
  return { child, port };
}

/** Follows one authorization to its end, for the session's cookies. */
async function signInAtPeer(port: number): Promise<string> {
  const connection = await Connection.open(port, '');
  const query = new URLSearchParams({
    client_id: 'bench-es256',
    redirect_uri: BENCH_CALLBACK,
    response_type: 'code',
    scope: 'openid email',
    code_challenge: 'A'.repeat(43),
    code_challenge_method: 'S256',
  });
  let path = `/auth?${query}`;
  for (let hop = 0; hop < 6 && !path.startsWith(BENCH_CALLBACK); hop++) {
    const answer = await connection.send(get(`localhost:${port}`, path, 'Accept: text/html'));
    const location = /\r\nlocation: ([^\r]+)/i.exec(answer.head)?.[1];
    if (location === undefined)
      throw new Error(`oidc-provider: ${answer.status} ${answer.body.toString('utf8').slice(0, 200)}`);
    path = location.replace(/^http:\/\/localhost:\d+/, '');
  }
  connection.close();
  return connection.cookies;
}
