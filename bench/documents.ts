// Owns: measurement (j): how quickly the documents that every OpenID Connect client reads are answered while people sign
// in, against a bare HTTP server that gives the same bytes on the same core in the same seconds.
import { Connection, type HttpAnswer } from './connection.ts';
import { type Folder, startNode, stopNode } from './identity-provider.ts';
import { atFixedRate, scattered } from './load.ts';
import { NODE_CORE } from './machine.ts';
import { get } from './oidc-client.ts';
import { type Peer, stopPeer } from './peers.ts';
import type { PreparedRequest } from './requests.ts';
import { ssoRequests } from './requests.ts';
import { type RoundsPlan, runRounds, type Timed } from './rounds.ts';
import { createMint } from './sessions.ts';
import { keepAnswer, startStaticPeer } from './static-answers.ts';
import { median, percentile } from './statistics.ts';
import type { Row } from './table.ts';

export interface DocumentsPlan extends RoundsPlan {
  readonly seconds: number;
  /** Warm sign-ons that go on meanwhile. */
  readonly ssoPerSecond: number;
  /** Of each of the two servers. */
  readonly documentsPerSecond: number;
}

const DOCUMENTS = ['/.well-known/openid-configuration', '/oidc/jwks'];
const READERS = 4;
/**
 * For the compiler, and until the heap has found its size: a node that has just started collects all of it twice within 15
 * seconds, about 90 ms of its core each time; later every 20 seconds or less often.
 */
const WARM_UP_ROUNDS = 4;
const PEOPLE = 16;

interface Round extends Timed {
  readonly node: readonly number[];
  readonly bare: readonly number[];
}

/** (j) */
export async function measureDocuments(folder: Folder, plan: DocumentsPlan): Promise<readonly Row[]> {
  const node = await startNode(folder, { cores: NODE_CORE });
  try {
    const reader = await Connection.open(folder.port, '');
    const kept = [];
    for (const path of DOCUMENTS) kept.push(keepAnswer(path, await reader.send(documentRequest(folder.port, path))));
    reader.close();
    const bare = await startStaticPeer(folder, kept);
    try {
      const mint = createMint(folder);
      const round = (): Promise<Round> => readMeanwhile(folder, bare, mint, plan);
      for (let i = 0; i < WARM_UP_ROUNDS; i++) await round();
      const { rounds, loaded } = await runRounds(plan, round);
      return [report(rounds, loaded, plan)];
    } finally {
      await stopPeer(bare);
    }
  } finally {
    await stopNode(node);
  }
}

/** All three at once: what disturbs one of the servers disturbs the other. */
async function readMeanwhile(
  folder: Folder,
  bare: Peer,
  mint: (person: number) => string,
  { seconds, ssoPerSecond, documentsPerSecond }: DocumentsPlan,
): Promise<Round> {
  const browsers = await Promise.all(Array.from({ length: PEOPLE }, (_, i) => Connection.open(folder.port, mint(i))));
  const ask = async (port: number) => {
    const count = seconds * documentsPerSecond;
    const readers = await Promise.all(Array.from({ length: READERS }, () => Connection.open(port, '')));
    const requests = Array.from({ length: count }, (_, i) => documentRequest(port, DOCUMENTS[i % 2] ?? ''));
    const answered = await atFixedRate(readers, requests, scattered(count, documentsPerSecond), requireJson);
    for (const connection of readers) connection.close();
    return answered;
  };
  const requests = ssoRequests(seconds * ssoPerSecond, folder.ssoUrl);
  const [sso, ofNode, ofBare] = await Promise.all([
    atFixedRate(browsers, requests, scattered(requests.length, ssoPerSecond)),
    ask(folder.port),
    ask(bare.port),
  ]);
  for (const connection of browsers) connection.close();
  const lateness = [sso, ofNode, ofBare].flatMap((one) => one.lateness);
  return { node: ofNode.latencies, bare: ofBare.latencies, lateness };
}

function documentRequest(port: number, path: string): PreparedRequest {
  return get(`localhost:${port}`, path, 'Accept: application/json');
}

function requireJson({ status, head }: HttpAnswer): void {
  if (status !== 200 || !/\r\ncontent-type: application\/json/i.test(head))
    throw new Error(`a document was answered with ${status}`);
}

function report(rounds: readonly Round[], loaded: boolean, { ssoPerSecond }: DocumentsPlan): Row {
  const [node, bare] = [rounds.flatMap((round) => round.node), rounds.flatMap((round) => round.bare)];
  const describe = (values: readonly number[]): string =>
    `${percentile(values, 0.99).toFixed(2)} ms (p50 ${median(values).toFixed(2)} ms)`;
  const ratio = percentile(node, 0.99) / percentile(bare, 0.99);
  return {
    what: `(j) discovery and keys p99 beside ${ssoPerSecond} SSO/s`,
    value: describe(node),
    comparedWith: `node:http with the same bytes on the same core: ${describe(bare)}`,
    ratio: `${ratio.toFixed(2)} ×`,
    bar: '≤ 3 ×',
    held: ratio <= 3,
    loaded,
  };
}
