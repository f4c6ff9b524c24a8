// Owns: measurement (o): warm OpenID Connect code flows on one core against oidc-provider.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from './connection.ts';
import { type Folder, startNode, stopNode } from './identity-provider.ts';
import { cpuSeconds, NODE_CORE } from './machine.ts';
import {
  BENCH_CALLBACK,
  type BenchAlgorithm,
  codeFlow,
  get,
  OIDC_ALGORITHMS,
  type OidcAddresses,
} from './oidc-client.ts';
import { type Peer, startPeer, stopPeer } from './peers.ts';
import { type RoundsPlan, runRounds } from './rounds.ts';
import { createMint } from './sessions.ts';
import { median } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface OidcPlan extends RoundsPlan {
  readonly connections: number;
  /** Flows of a provider in each round. */
  readonly flows: number;
}

const SIGNET_PATHS = { authorize: '/oidc/authorize', token: '/oidc/token', userinfo: '/oidc/userinfo' };
const PEER_PATHS = { authorize: '/auth', token: '/token', userinfo: '/me' };
const WARM_UP_ROUNDS = 2;

/** Whom flows are asked of, and the cookies of those who are signed in there. */
export interface Provider {
  readonly at: OidcAddresses;
  readonly port: number;
  readonly cookies: string[];
}

export async function measureOidc(folder: Folder, plan: OidcPlan): Promise<readonly Row[]> {
  await registerClients(folder);
  const node = await startNode(folder, { cores: NODE_CORE });
  const peer = await startOidcProvider();
  try {
    const signet = signetProvider(folder, plan.connections);
    const other: Provider = {
      at: { host: `localhost:${peer.port}`, ...PEER_PATHS },
      port: peer.port,
      cookies: await Promise.all(Array.from({ length: plan.connections }, () => signInAtPeer(peer.port))),
    };
    const rows: Row[] = [];
    for (const algorithm of OIDC_ALGORITHMS) rows.push(await compare(plan, algorithm, signet, other, node.pid));
    return rows;
  } finally {
    await stopNode(node);
    await stopPeer(peer);
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
  const { rounds, loaded } = await runRounds(plan, async () => {
    const [before, began] = [cpuSeconds(pid), performance.now()];
    const own = await flowsPerSecond(signet, algorithm, plan.flows);
    const cpu = (cpuSeconds(pid) - before) / ((performance.now() - began) / 1000);
    return { own, peer: await flowsPerSecond(peer, algorithm, plan.flows), cpu, lateness: [] };
  });
  const ratio = median(rounds.map((round) => round.own / round.peer));
  const cpu = Math.round(median(rounds.map((round) => round.cpu)) * 100);
  return {
    what: `(o) code flow, ${algorithm}, one core (${cpu} % of it)`,
    value: `${number(median(rounds.map((round) => round.own)))}/s`,
    comparedWith: `oidc-provider in memory: ${number(median(rounds.map((round) => round.peer)))}/s`,
    ratio: `${ratio.toFixed(2)} ×`,
    bar: '≥ 1.0 ×',
    held: ratio >= 1,
    loaded,
  };
}

/** As many flows at once as there are connections of browsers. */
export async function flowsPerSecond(provider: Provider, algorithm: BenchAlgorithm, count: number): Promise<number> {
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

/** The node, asked by so many people who are signed in. */
export function signetProvider(folder: Folder, people: number): Provider {
  const mint = createMint(folder);
  return {
    at: { host: `localhost:${folder.port}`, ...SIGNET_PATHS },
    port: folder.port,
    cookies: Array.from({ length: people }, (_, i) => mint(i)),
  };
}

/** Before the node starts. */
export async function registerClients(folder: Folder): Promise<void> {
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

function startOidcProvider(): Promise<Peer> {
  const args = (): readonly string[] => [];
  return startPeer('oidc-peer.ts', args, async (port) => {
    return (await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`)).ok;
  });
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
