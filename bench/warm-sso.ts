// Owns: measurement (a): warm single sign-on over HTTP, against raw RSA and against samlp, all on the node's core.
import { Connection } from './connection.ts';
import { type Folder, startNode, stopNode } from './identity-provider.ts';
import { type Saturated, saturate } from './load.ts';
import { NODE_CORE, opensslRsaRate } from './machine.ts';
import { type Peer, startPeer, stopPeer } from './peers.ts';
import { ssoRequests } from './requests.ts';
import { createVerifier } from './responses.ts';
import { createMint } from './sessions.ts';
import { median } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface WarmSsoPlan {
  readonly rounds: number;
  readonly connections: number;
  /** Per round. */
  readonly requests: number;
  readonly peerRequests: number;
  readonly rsaSeconds: number;
}

interface Round {
  readonly rsa: number;
  readonly node: Saturated;
  readonly peer: Saturated;
}

const WARM_UP_ROUNDS = 4;

/** Less of its core than this, and something else was measured too. */
const OWN_CORE = 0.95;

export async function measureWarmSso(folder: Folder, plan: WarmSsoPlan): Promise<readonly Row[]> {
  const node = await startNode(folder, { cores: NODE_CORE });
  const peer = await startSamlp(folder);
  try {
    const mint = createMint(folder);
    const verify = createVerifier(folder.certificateFile);
    const cookies = Array.from({ length: plan.connections }, (_, i) => mint(i));
    const askNode = async (count: number): Promise<Saturated> => {
      const connections = await open(folder.port, cookies);
      const result = await saturate(connections, ssoRequests(count, folder.ssoUrl), node.pid, verify);
      // What a browser keeps for its next visit.
      for (const [i, connection] of connections.entries()) cookies[i] = connection.cookies;
      return result;
    };
    const askPeer = async (count: number): Promise<Saturated> =>
      saturate(
        await open(
          peer.port,
          cookies.map(() => 's=s'),
        ),
        ssoRequests(count, ssoUrlAt(peer.port)),
        peer.child.pid,
        verify,
      );
    // Compilers settle, and every session gets its participant: a node that has run for a minute is what is measured.
    for (let i = 0; i < WARM_UP_ROUNDS; i++) {
      await askNode(plan.requests);
      await askPeer(plan.peerRequests);
    }
    const rounds: Round[] = [];
    for (let i = 0; i < plan.rounds; i++) {
      const before = opensslRsaRate(plan.rsaSeconds);
      const ofNode = await askNode(plan.requests);
      const after = opensslRsaRate(plan.rsaSeconds);
      rounds.push({ rsa: (before + after) / 2, node: ofNode, peer: await askPeer(plan.peerRequests) });
    }
    return report(rounds);
  } finally {
    await stopNode(node);
    await stopPeer(peer);
  }
}

function open(port: number, cookies: readonly string[]): Promise<readonly Connection[]> {
  return Promise.all(cookies.map((cookie) => Connection.open(port, cookie)));
}

function ssoUrlAt(port: number): string {
  return `http://localhost:${port}/saml/idp/sso`;
}

function startSamlp(folder: Folder): Promise<Peer> {
  const args = (port: number): readonly string[] => [ssoUrlAt(port), folder.keyFile, folder.certificateFile];
  return startPeer('samlp-peer.ts', args, async (port) => {
    const [ready] = ssoRequests(1, ssoUrlAt(port));
    const path = ready?.head.toString('latin1').split(' ')[1] ?? '';
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: 's=s' } });
    return (await answer.text()).includes('SAMLResponse');
  });
}

function report(rounds: readonly Round[]): readonly Row[] {
  // A round in which something else took the core says nothing about the node; if all were like that, they count.
  const undisturbed = rounds.filter(({ node }) => node.cpu >= OWN_CORE);
  const counted = undisturbed.length === 0 ? rounds : undisturbed;
  const rate = median(counted.map(({ node }) => node.perSecond));
  const rsa = median(counted.map((round) => round.rsa));
  const peer = median(counted.map((round) => round.peer.perSecond));
  const toRsa = median(counted.map((round) => round.node.perSecond / round.rsa));
  const toPeer = median(counted.map((round) => round.node.perSecond / round.peer.perSecond));
  const cpu = median(counted.map(({ node }) => node.cpu));
  return [
    {
      what: '(a) warm SSO, one core',
      value: `${number(rate)}/s`,
      comparedWith: `openssl speed rsa2048: ${number(rsa)}/s`,
      ratio: toRsa.toFixed(3),
      bar: '≥ 0.35, goal 0.5',
      held: toRsa >= 0.35,
    },
    {
      what: '(a) warm SSO, one core',
      value: `${number(rate)}/s`,
      comparedWith: `samlp on Express: ${number(peer)}/s`,
      ratio: `${toPeer.toFixed(1)} ×`,
      bar: '≥ 4.5 ×',
      held: toPeer >= 4.5,
    },
    {
      what: "(a) the node's share of its core",
      value: `${Math.round(cpu * 100)} %`,
      comparedWith: `${counted.length} of ${rounds.length} rounds`,
      ratio: '',
      bar: '≥ 95 %',
      held: cpu >= OWN_CORE,
    },
  ];
}
