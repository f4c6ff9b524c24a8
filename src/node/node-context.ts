// Owns: what a node is given from outside, beside its configuration. Leaves to main.ts: opening and closing it.
import type { Writable } from 'node:stream';
import type { Logger } from 'winston';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';

export interface NodeContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly audit: Writable;
  /** Audit lines lost since the start. */
  readonly auditLost: () => number;
  /** Lines of the log lost since the start. */
  readonly logLost: () => number;
  readonly version: string;
}
