// Owns: the arithmetic of time-based codes (RFC 6238), as authenticator apps do it. Leaves to totp.ts: whose they are.
import { timingSafeEqual } from 'node:crypto';
import { generateSync } from 'otplib';
import type { EpochSeconds } from '../lib/clock.ts';

/** What every authenticator app does, and many do nothing else: SHA-1, six digits, 30 seconds. */
export const TOTP_DIGITS = 6;
const TOTP_PERIOD = 30;

/** RFC 4226 §4 R6: 160 bits are recommended. */
export const TOTP_SECRET_BYTES = 20;

/** Steps before and after the present one that are accepted: clocks differ, and people type slowly. RFC 6238 §5.2. */
const WINDOW = 1;

/** The number of the time step that a moment lies in (RFC 6238 §4.2). */
export function totpStep(now: EpochSeconds): number {
  return Math.floor(now / TOTP_PERIOD);
}

/**
 * The steps around `now` whose code this is, oldest first: mostly none or one, by chance two.
 * All of the window is computed and compared in constant time, so the answer's timing does not tell how near a guess was.
 */
export function matchingSteps(secret: Uint8Array, code: string, now: EpochSeconds): readonly number[] {
  const typed = Buffer.from(code, 'latin1');
  const found: number[] = [];
  for (let step = totpStep(now) - WINDOW; step <= totpStep(now) + WINDOW; step += 1) {
    if (step < 0) continue;
    const right = Buffer.from(codeAt(secret, step), 'latin1');
    if (typed.length === right.length && timingSafeEqual(typed, right)) found.push(step);
  }
  return found;
}

function codeAt(secret: Uint8Array, step: number): string {
  return generateSync({
    secret,
    epoch: step * TOTP_PERIOD,
    period: TOTP_PERIOD,
    digits: TOTP_DIGITS,
    algorithm: 'sha1',
  });
}
