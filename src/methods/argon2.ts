// Owns: calling the argon2 package, the only file that does. Leaves to hash-worker.ts: in which process.
import { argon2id, hash, verify } from 'argon2';
import { type Argon2Cost, formatArgon2String, isAllowedCost, parseArgon2String } from '../lib/argon2-string.ts';
import type { Random } from '../lib/random.ts';

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Hashes a prepared password (`preparePassword`) into a PHC string. Holds no event loop, but takes cores and memory. */
export async function createHash(password: string, cost: Argon2Cost, random: Random): Promise<string> {
  if (!isAllowedCost(cost)) throw new RangeError('no hash of this cost may be made');
  const salt = random(SALT_BYTES);
  // The package would write the parameters in an order of its own.
  const bytes = await hash(password, {
    raw: true,
    type: argon2id,
    memoryCost: cost.memory,
    timeCost: cost.time,
    parallelism: cost.parallelism,
    hashLength: HASH_BYTES,
    salt,
  });
  return formatArgon2String({ cost, salt, hash: bytes });
}

/** Whether the prepared password is the hash's, at the cost that the hash names. Compares in constant time. */
export async function matchesHash(phc: string, password: string): Promise<boolean> {
  if (parseArgon2String(phc) === null) throw new RangeError('not an Argon2id string within bounds');
  return verify(phc, password);
}
