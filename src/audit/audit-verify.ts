// Owns: checking that an audit stream is whole: no line changed, left out, or put elsewhere.
import { createHash } from 'node:crypto';
import { CHAIN_START } from './audit-log.ts';

export interface AuditChainProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly why: 'not a JSON object' | 'changed or missing predecessor' | 'out of sequence';
}

/** Every break in the chains of these lines; streams of several runs may stand one after another. */
export function verifyAudit(lines: Iterable<string>): readonly AuditChainProblem[] {
  const problems: AuditChainProblem[] = [];
  const chains = new Map<string, { sequence: number; hash: string }>();
  let number = 0;
  for (const line of lines) {
    number += 1;
    if (line === '') continue;
    const entry = readLine(line);
    if (entry === null) {
      problems.push({ line: number, why: 'not a JSON object' });
      continue;
    }
    const chain = chains.get(entry.instance) ?? { sequence: 0, hash: CHAIN_START };
    if (entry.sequence !== chain.sequence + 1) problems.push({ line: number, why: 'out of sequence' });
    else if (entry.previous !== chain.hash) problems.push({ line: number, why: 'changed or missing predecessor' });
    chains.set(entry.instance, { sequence: entry.sequence, hash: createHash('sha256').update(line).digest('hex') });
  }
  return problems;
}

function readLine(line: string): { instance: string; sequence: number; previous: string } | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return null;
    const fields = value as Readonly<Record<string, unknown>>;
    const instance = fields['signet.instance'];
    const sequence = fields['signet.sequence'];
    const previous = fields['signet.previous'];
    if (typeof instance !== 'string' || typeof sequence !== 'number' || typeof previous !== 'string') return null;
    return { instance, sequence, previous };
  } catch {
    return null;
  }
}
