// Owns: giving one process another time of day, as a machine without NTP has it: `node --import` this file before the
// program. Nothing of Signet knows of it. Timers and monotonic clocks stay: a wrong clock is wrong, not fast or slow.

/** Milliseconds; negative is behind. */
const VARIABLE = 'PROOF_CLOCK_SHIFT_MS';

const shift = Number(process.env[VARIABLE] ?? '0');
if (!Number.isSafeInteger(shift)) throw new Error(`${VARIABLE} wants whole milliseconds`);

const Unshifted = Date;
const unshiftedNow = Date.now;
const now = (): number => unshiftedNow() + shift;
Unshifted.now = now;

/** `new Date()` and `Date()` read the clock without `Date.now`. */
globalThis.Date = new Proxy(Unshifted, {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made) as object,
  apply: () => new Unshifted(now()).toString(),
});
