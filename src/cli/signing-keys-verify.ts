// Owns: `signet signing-keys verify`: whether every node has the set of keys in the folder, and could sign with the next.
// Nodes are believed: one that lies could only hold a promotion up, or be left behind by it, and neither forges anything.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { SIGNING_KEYS_PATH } from '../node/signing-sets.ts';
import { loadKeySet, type SigningKeySet } from '../signing/key-set-folder.ts';
import { endpointsOf, getFromNode, reasonOf } from './ask-nodes.ts';
import { CliFailure } from './io.ts';
import { columns } from './keys-listing.ts';
import type { NodeOptions } from './keys-options.ts';
import type { SetOptions, SigningKeysIo } from './signing-keys-options.ts';
import { type LocatedSet, locateSet } from './signing-keys-place.ts';

export interface VerifyOptions extends SetOptions, NodeOptions {
  readonly wait?: number;
}

export async function verifySets(io: SigningKeysIo, options: VerifyOptions): Promise<void> {
  const located = locateSet(io, options);
  const deadline = performance.now() + (options.wait ?? 0) * 1000;
  let { set, answers } = await askNodes(located, options);
  while (answers.some(disagrees) && performance.now() < deadline) {
    await sleep(1000);
    ({ set, answers } = await askNodes(located, options));
  }
  const { serial } = set;
  if (options.json === true) io.out(`${JSON.stringify({ folder: { serial }, nodes: answers }, null, 2)}\n`);
  else {
    const signs = set.current.map(({ kid }) => kid).join(' and ');
    io.out(`${located.place.folder}: serial ${serial}, ${signs} signs\n`);
    const rows = answers.map((one) => [
      one.endpoint,
      one.serial === null ? '' : `${one.serial}`,
      one.disagreement ?? 'agrees',
    ]);
    io.out(answers.length === 0 ? '' : `${columns([['endpoint', 'serial', ''], ...rows]).join('\n')}\n`);
  }
  throwIfDisagreed(answers);
}

/** @throws CliFailure (3), naming the nodes, unless every node has the set in the folder, next private keys included. */
export async function demandSameKeys(located: LocatedSet, options: NodeOptions): Promise<void> {
  throwIfDisagreed((await askNodes(located, options)).answers);
}

/** What came of asking one node. */
interface NodeAnswer {
  readonly endpoint: string;
  readonly serial: number | null;
  /** Null when the node has the keys in the folder. */
  readonly disagreement: string | null;
}

/** A node may say more than this release knows. */
const answerSchema = z.record(
  z.string(),
  z.object({
    serial: z.int(),
    digest: z.string(),
    keys: z.array(z.object({ kid: z.string().regex(/^[\w-]{1,64}$/), state: z.string(), canSign: z.boolean() })),
    problems: z.array(z.unknown()),
  }),
);

type NodeSet = z.output<typeof answerSchema>[string];

async function askNodes(
  located: LocatedSet,
  options: NodeOptions,
): Promise<{ readonly set: SigningKeySet; readonly answers: readonly NodeAnswer[] }> {
  const set = loadKeySet(located.place);
  const endpoints = await endpointsOf(options);
  const ask = (endpoint: string) => askNode(set, located.name, endpoint, options.timeout);
  return { set, answers: await Promise.all(endpoints.map(ask)) };
}

async function askNode(set: SigningKeySet, name: string, endpoint: string, seconds: number): Promise<NodeAnswer> {
  let text: string;
  try {
    text = (await getFromNode(endpoint, SIGNING_KEYS_PATH, seconds)).toString('utf8');
  } catch (error) {
    return { endpoint, serial: null, disagreement: `no answer: ${reasonOf(error)}` };
  }
  const sets = readAnswer(text);
  const has = sets === null || !Object.hasOwn(sets, name) ? undefined : sets[name];
  if (has === undefined)
    return { endpoint, serial: null, disagreement: 'it answers something else than its signing keys' };
  return { endpoint, serial: has.serial, disagreement: disagreementOf(set, has) };
}

function readAnswer(text: string): z.output<typeof answerSchema> | null {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function disagreementOf(set: SigningKeySet, has: NodeSet): string | null {
  const refuses = has.problems.length > 0 ? ', and refuses a newer one: its log says why' : '';
  if (has.serial !== set.serial) return `it has serial ${has.serial}, the folder ${set.serial}${refuses}`;
  if (has.digest !== set.digest) return `it has other keys with the same serial${refuses}`;
  const waiting = has.keys.filter(({ state, canSign }) => state === 'next' && !canSign).map(({ kid }) => kid);
  return waiting.length === 0
    ? null
    : `it cannot sign with the next key ${waiting.join(', ')}: the file is not there, or does not open`;
}

function disagrees(answer: NodeAnswer): boolean {
  return answer.disagreement !== null;
}

function throwIfDisagreed(answers: readonly NodeAnswer[]): void {
  const other = answers.filter(disagrees);
  if (other.length === 0) return;
  const named = other.map(({ endpoint, disagreement }) => `\n  ${endpoint}: ${disagreement}`).join('');
  throw new CliFailure(`${other.length} of ${answers.length} nodes do not have these keys:${named}`, 3);
}
