// Owns: reading and writing Argon2id PHC strings ($argon2id$v=19$m=…,t=…,p=…$salt$hash), within bounds.
// Leaves to methods/: computing a hash. Here, because the directory that stores one must know a good one from a bad one.

/** What one hash costs. RFC 9106 §3.1. */
export interface Argon2Cost {
  /** KiB. */
  readonly memory: number;
  /** Passes over the memory. */
  readonly time: number;
  /** Lanes. */
  readonly parallelism: number;
}

export interface Argon2String {
  readonly cost: Argon2Cost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** RFC 9106 §4, between its two recommendations: what OWASP and the argon2 package use too. */
export const DEFAULT_ARGON2_COST: Argon2Cost = { memory: 65_536, time: 3, parallelism: 4 };

/** The most that a stored hash may ask of a node: 1 GiB, so that one line in a file cannot ask for 64. */
const MAX_ARGON2_COST: Argon2Cost = { memory: 1_048_576, time: 32, parallelism: 16 };

/** The order is m, t, p; the argon2 package for Node writes m, p, t. */
const SHAPE =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),(?:t=([1-9]\d?),p=([1-9]\d?)|p=([1-9]\d?),t=([1-9]\d?))\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/**
 * Reads one PHC string; null unless it is Argon2id version 19 in strict base64, its cost within
 * {@link MAX_ARGON2_COST} and valid (RFC 9106 §3.1), its salt 8 to 64 bytes and its hash 16 to 64 bytes.
 */
export function parseArgon2String(text: string): Argon2String | null {
  const found = SHAPE.exec(text);
  if (found === null) return null;
  const [, m, t, p, pFirst, tLast, saltText = '', hashText = ''] = found;
  const cost = { memory: Number(m), time: Number(t ?? tLast), parallelism: Number(p ?? pFirst) };
  const salt = decodeUnpadded(saltText);
  const hash = decodeUnpadded(hashText);
  return salt === null || hash === null || !isAllowedCost(cost) ? null : { cost, salt, hash };
}

/** Whether a hash of this cost may be made and checked. */
export function isAllowedCost({ memory, time, parallelism }: Argon2Cost): boolean {
  return (
    [memory, time, parallelism].every((n) => Number.isSafeInteger(n) && n >= 1) &&
    memory >= 8 * parallelism &&
    memory <= MAX_ARGON2_COST.memory &&
    time <= MAX_ARGON2_COST.time &&
    parallelism <= MAX_ARGON2_COST.parallelism
  );
}

/** Writes a PHC string. */
export function formatArgon2String({ cost, salt, hash }: Argon2String): string {
  const parameters = `m=${cost.memory},t=${cost.time},p=${cost.parallelism}`;
  return `$argon2id$v=19$${parameters}$${encodeUnpadded(salt)}$${encodeUnpadded(hash)}`;
}

/** The cost in one line: equal lines, equal work. */
export function costKey({ memory, time, parallelism }: Argon2Cost): string {
  return `m=${memory},t=${time},p=${parallelism}`;
}

/** What {@link costKey} wrote; null for anything else. */
export function readCostKey(key: string): Argon2Cost | null {
  const found = /^m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})$/.exec(key);
  if (found === null) return null;
  const [memory = 0, time = 0, parallelism = 0] = found.slice(1).map(Number);
  return isAllowedCost({ memory, time, parallelism }) ? { memory, time, parallelism } : null;
}

function encodeUnpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function decodeUnpadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return encodeUnpadded(bytes) === text ? bytes : null;
}
