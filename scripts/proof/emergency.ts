// Owns: the emergency: `signet keys revoke --all --replace`, every session from before shown to every node, and people
// who sign in again. Leaves to live.ts: what was before.
import { type IncomingMessage, request as send } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../local-cluster.ts';
import { newRequestId } from '../saml-sp.ts';
import type { Fleet, FleetNode } from './fleet.ts';
import { newTally, type Tally } from './tally.ts';
import { type ProofSp, Visitor, type World } from './visitor.ts';

export interface EmergencyParts {
  readonly fleet: Fleet;
  readonly world: World;
  readonly sps: readonly ProofSp[];
  readonly person: Person;
  readonly say: (line: string) => void;
  /** The ring was written. */
  readonly learn: () => void;
  /** Options of the command that changes the ring. */
  readonly timing: readonly string[];
}

export interface EmergencyNode {
  readonly name: string;
  /** Sessions from before that signed in at this node before the revocation; all of them, or nothing is shown. */
  readonly acceptedBefore: number;
  /** Milliseconds from the file's arrival to the last session of before that still signed in; 0 when none did. */
  readonly lastAcceptedMs: number;
  /** Afterwards: must be 0. */
  readonly acceptedAfter: number;
  /** Of the latter showings, those that the node itself counts as `revoked-kid`; the session's own end is not it. */
  readonly refusedAsRevoked: number;
}

export interface EmergencyResult {
  readonly sessions: number;
  readonly nodes: readonly EmergencyNode[];
  /** Afterwards: a password each, then single sign-on. */
  readonly again: Tally;
}

const PEOPLE = 10;
/** The file reaches the nodes as fast as somebody can copy it. */
const DELAYS_MS = [100, 500, 900] as const;
const LOOK_MS = 100;
/** Nodes have taken the file long before; a node that has not by then is reported by what it accepts. */
const WATCH_MS = 3000;

export async function runEmergency(parts: EmergencyParts): Promise<EmergencyResult> {
  const { fleet, say } = parts;
  const old = await signInAll(parts, parts.world);
  const tokens = old.flatMap((visitor) => visitor.sessionCookie() ?? []);
  for (const visitor of old) visitor.close();
  const before = await Promise.all(fleet.nodes.map((node) => acceptedOf(node, parts, tokens)));
  await fleet.signet('keys', 'revoke', '--all', '--replace', '--reason', 'proof', ...parts.timing);
  parts.learn();
  say('signet keys revoke --all --replace');
  const watching = fleet.nodes.map((node) => watch(node, parts, tokens));
  const arrived = await fleet.distribute('ring', DELAYS_MS);
  const lastAccepted = await Promise.all(watching);
  const nodes: EmergencyNode[] = [];
  for (const [i, node] of fleet.nodes.entries()) {
    const revokedBefore = await revokedCount(node);
    nodes.push({
      name: node.name,
      acceptedBefore: before[i] ?? 0,
      lastAcceptedMs: Math.max(0, (lastAccepted[i] ?? 0) - (arrived[i] ?? 0)),
      acceptedAfter: await acceptedOf(node, parts, tokens),
      refusedAsRevoked: (await revokedCount(node)) - revokedBefore,
    });
  }
  say('every session of before was shown to every node');
  const again = newTally();
  const people = await signInAll(parts, { ...parts.world, tally: again });
  await Promise.all(people.map((visitor) => visitor.visit(plain(parts))));
  for (const visitor of people) visitor.close();
  say('everybody has signed in again');
  return { sessions: tokens.length, nodes, again };
}

async function signInAll(parts: EmergencyParts, world: World): Promise<readonly Visitor[]> {
  const visitors = Array.from({ length: PEOPLE }, () => new Visitor(world, parts.person));
  await Promise.all(visitors.map((visitor) => visitor.visit(plain(parts))));
  return visitors;
}

function plain({ sps }: EmergencyParts) {
  const [sp] = sps;
  if (sp === undefined) throw new RangeError('there is no service provider');
  return { sp, binding: 'redirect', hesitateMs: 0 } as const;
}

/** Shows old sessions to one node again and again; answers when one was last accepted, in milliseconds since 1970. */
async function watch(node: FleetNode, parts: EmergencyParts, tokens: readonly string[]): Promise<number> {
  const deadline = Date.now() + WATCH_MS;
  let last = 0;
  for (let look = 0; Date.now() < deadline; look++) {
    const asked = Date.now();
    if (await isAccepted(node, parts, tokens[look % tokens.length] ?? '')) last = asked;
    await sleep(LOOK_MS);
  }
  return last;
}

async function acceptedOf(node: FleetNode, parts: EmergencyParts, tokens: readonly string[]): Promise<number> {
  let accepted = 0;
  for (const token of tokens) if (await isAccepted(node, parts, token)) accepted += 1;
  return accepted;
}

/** Whether this node, asked without the balancer, signs this session in. */
async function isAccepted(node: FleetNode, parts: EmergencyParts, token: string): Promise<boolean> {
  const outgoing = await plain(parts).sp.saml.request(
    { binding: 'redirect', forceAuthn: false, passive: false },
    newRequestId(),
  );
  if (outgoing.kind !== 'redirect') throw new RangeError('a redirect was asked for');
  const { pathname, search } = new URL(outgoing.url);
  const headers = { Cookie: `signet_sso=${token}`, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'document' };
  return (await get(node.port, pathname + search, headers)).includes('name="SAMLResponse"');
}

/** Session cookies that this node has refused because of their key. */
async function revokedCount(node: FleetNode): Promise<number> {
  const metrics = await get(node.managementPort, '/metrics', {});
  return Number(/signet_unseal_total\{purpose="sso-session",result="revoked-kid"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

function get(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = async (incoming: IncomingMessage): Promise<string> => {
      let text = '';
      for await (const chunk of incoming) text += String(chunk);
      return text;
    };
    send({ host: '127.0.0.1', port, path, headers, agent: false, timeout: 5000 }, (incoming) => {
      read(incoming).then(resolve, reject);
    })
      .on('timeout', () => reject(new Error(`127.0.0.1:${port} does not answer`)))
      .on('error', reject)
      .end();
  });
}
