// Owns: what opening a node's files needs from outside, and how it is told what becomes of them. Leaves to parts.ts: opening them.
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { SharedStateContext } from './shared-state.ts';

/** Something that the log should have; `problems` when a file was refused and the last good copy stays. */
export interface PartEvent {
  readonly part: 'keyring' | 'data-keyring' | 'users' | 'parties' | 'revocations' | 'signing-keys' | 'database';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface PartsContext extends Pick<SharedStateContext, 'onBackend' | 'look'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: (event: PartEvent) => void;
}
