// Owns: checking passwords on a node: hashing processes, throttle, directories. Leaves to methods/: each of them.
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { defaultHashWorkers, HASH_POOL_DEFAULTS, type HashPool, openHashPool } from '../methods/hash-pool.ts';
import { createPasswordMethod, type PasswordMethod } from '../methods/password.ts';
import { createThrottle, type Throttle, type ThrottlePolicy } from '../methods/throttle.ts';
import type { Parts } from '../parts.ts';
import { createForwardWarning } from './forward-warning.ts';
import type { NodeContext } from './node-context.ts';

export function openPool(config: Config, log: Logger): HashPool {
  return openHashPool({
    ...HASH_POOL_DEFAULTS,
    workers: config.password.workers ?? defaultHashWorkers(),
    queue: config.password.queue,
    onEvent: (event) => log.info('hash process', { ...event }),
  });
}

export function createPassword(
  config: Config,
  { random, log }: NodeContext,
  parts: Parts,
  pool: HashPool,
): { readonly password: PasswordMethod; readonly throttle: Throttle } {
  const throttle = createThrottle({
    policy: throttlePolicy(config, parts.shared.database === null),
    store: parts.shared.attempts,
    capacity: config.throttle.capacity,
    onAddressUnknown: createForwardWarning(log),
  });
  const { directories } = parts;
  const defaultCost = config.password.argon2;
  return {
    throttle,
    password: createPasswordMethod({ directories, pool, throttle, defaultCost, random }),
  };
}

/** What nodes count by themselves is divided among them, so that together they let no more through than one would. */
function throttlePolicy({ throttle, cluster }: Config, countsAlone: boolean): ThrottlePolicy {
  const share = (failures: number): number => Math.max(1, Math.floor(failures / cluster.expectedNodes));
  return {
    ...throttle,
    accountFailures: countsAlone ? share(throttle.accountFailures) : throttle.accountFailures,
    deviceFailures: countsAlone ? share(throttle.deviceFailures) : throttle.deviceFailures,
    addressFailures: share(throttle.addressFailures),
  };
}
