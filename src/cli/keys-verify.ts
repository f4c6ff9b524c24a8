// Owns: `signet keys verify` and `data-keys verify`: whether every node holds the ring in the file. Nodes prove it (sealer/ring-report.ts).
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeBase64url } from '../lib/base64url.ts';
import { formatDifference, ringDifferences } from '../sealer/ring-diff.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { type RingReport, readReport } from '../sealer/ring-report.ts';
import { endpointsOf, getFromNode, reasonOf } from './ask-nodes.ts';
import { CliFailure } from './io.ts';
import { columns } from './keys-listing.ts';
import type { KeysIo, NodeOptions, PlaceOptions } from './keys-options.ts';
import { locate, type Place } from './keys-place.ts';
import { fileStore } from './keys-store.ts';
import type { RingCommands } from './ring-commands.ts';

export interface VerifyOptions extends PlaceOptions, NodeOptions {
  readonly wait?: number;
  readonly json?: true;
}

export async function verifyNodes<Ring extends AnyRing>(
  io: KeysIo,
  commands: RingCommands<Ring>,
  options: VerifyOptions,
): Promise<void> {
  const place = locate(io, commands, options);
  const deadline = performance.now() + (options.wait ?? 0) * 1000;
  let { ring, answers } = await askNodes(io, place, options);
  while (answers.some(disagrees) && performance.now() < deadline) {
    await sleep(1000);
    ({ ring, answers } = await askNodes(io, place, options));
  }
  const seals = place.ring.kind.seals(ring, io.clock());
  if (options.json === true) {
    const { serial } = ring;
    io.out(`${JSON.stringify({ file: { serial, primary: seals }, nodes: answers }, null, 2)}\n`);
  } else {
    io.out(
      `${place.file}: serial ${ring.serial}, ${seals === null ? 'no key' : `key ${seals.kid}`} ${commands.does}\n`,
    );
    io.out(answers.length === 0 ? '' : `${tableOf(answers, commands.does)}\n`);
  }
  throwIfDisagreed(answers);
}

/** When nodes are named: @throws CliFailure (3), naming those that do not hold the ring in the file. */
export async function demandAgreement<Ring extends AnyRing>(
  io: KeysIo,
  place: Place<Ring>,
  options: NodeOptions,
): Promise<void> {
  if (options.endpoints === undefined && options.dns === undefined) return;
  throwIfDisagreed((await askNodes(io, place, options)).answers);
}

/** What came of asking one node. */
interface NodeAnswer {
  readonly endpoint: string;
  readonly node: string | null;
  readonly serial: number | null;
  readonly primary: string | null;
  /** The node's clock less ours, in seconds. */
  readonly clock: number | null;
  /** Null when the node holds the ring in the file. */
  readonly disagreement: string | null;
}

function disagrees(answer: NodeAnswer): boolean {
  return answer.disagreement !== null;
}

function throwIfDisagreed(answers: readonly NodeAnswer[]): void {
  const other = answers.filter(disagrees);
  if (other.length === 0) return;
  const named = other.map(({ endpoint, disagreement }) => `\n  ${endpoint}: ${disagreement}`).join('');
  throw new CliFailure(`${other.length} of ${answers.length} nodes do not hold this ring:${named}`, 3);
}

async function askNodes<Ring extends AnyRing>(
  io: KeysIo,
  place: Place<Ring>,
  options: NodeOptions,
): Promise<{ readonly ring: Ring; readonly answers: readonly NodeAnswer[] }> {
  const ring = await fileStore(place).read();
  const endpoints = await endpointsOf(options);
  const ask = (endpoint: string): Promise<NodeAnswer> => askNode(io, place.ring, ring, endpoint, options.timeout);
  return { ring, answers: await Promise.all(endpoints.map(ask)) };
}

async function askNode<Ring extends AnyRing>(
  io: KeysIo,
  commands: RingCommands<Ring>,
  ring: Ring,
  endpoint: string,
  seconds: number,
): Promise<NodeAnswer> {
  const nonce = encodeBase64url(io.random(24));
  const unknown = { endpoint, node: null, serial: null, primary: null, clock: null };
  let bytes: Buffer;
  try {
    bytes = await getFromNode(endpoint, `${commands.reportPath}?nonce=${nonce}`, seconds);
  } catch (error) {
    return { ...unknown, disagreement: `no answer: ${reasonOf(error)}` };
  }
  const report = readReport(commands.kind, bytes, ring, nonce);
  if (report === null) return { ...unknown, disagreement: 'it answers something else than a keyring report' };
  const { node, facts, primaryKid, time } = report;
  const disagreement = disagreementOf(ring, report);
  return { endpoint, node, serial: facts.serial, primary: primaryKid, clock: time - io.clock(), disagreement };
}

function disagreementOf(ring: AnyRing, { facts, proved }: RingReport): string | null {
  if (facts.serial !== ring.serial) return `it holds serial ${facts.serial}, the file has ${ring.serial}`;
  const differences = ringDifferences(ring, facts).map((difference) => formatDifference(difference).trim());
  if (differences.length > 0) return `it holds another ring with the same serial: ${differences.join('; ')}`;
  return proved ? null : 'it cannot prove that it holds these keys';
}

function tableOf(answers: readonly NodeAnswer[], does: string): string {
  const rows = answers.map(({ endpoint, node, serial, primary: kid, clock, disagreement }) => [
    endpoint,
    node ?? '',
    serial === null ? '' : `${serial}`,
    kid ?? '',
    clock === null ? '' : `${clock >= 0 ? '+' : ''}${clock} s`,
    disagreement ?? 'agrees',
  ]);
  return columns([['endpoint', 'node', 'serial', `${does} with`, 'clock', ''], ...rows]).join('\n');
}
