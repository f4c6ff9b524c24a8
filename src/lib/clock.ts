// Owns: where time comes from. Everything that needs the time takes a Clock or a number; only the outermost layer makes one.

/** Seconds since 1970-01-01T00:00:00Z, a whole number. */
export type EpochSeconds = number;

/** Answers the present time. */
export type Clock = () => EpochSeconds;

/** The machine's clock. */
export const systemClock: Clock = () => Math.floor(Date.now() / 1000);
