// Whatever verbs are run in whatever order and at whatever times: the invariants hold from beginning to end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newKeyring } from '../../src/sealer/key-file.ts';
import { prune, revoke } from '../../src/sealer/key-retirement.ts';
import { formatKeyring, isReadable, type Keyring, parseKeyring, primary } from '../../src/sealer/keyring.ts';
import type { RingChange, RotationPolicy } from '../../src/sealer/ring-change.ts';
import { promote, rotate } from '../../src/sealer/rotation.ts';
import { NOW } from './support.ts';

const POLICY: RotationPolicy = {
  rotateEvery: 300,
  grace: 20,
  longestLifetime: 600,
  sessionLifetime: 600,
  skew: 5,
  poll: 2,
};
const PROPAGATION = 30;

type Step = { readonly wait: number; readonly verb: 'rotate' | 'promote' | 'prune' | 'revoke'; readonly which: number };
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    wait: fc.integer({ min: 0, max: 700 }),
    verb: fc.constantFrom('rotate', 'rotate', 'promote', 'prune', 'prune', 'revoke'),
    which: fc.nat(7),
  }),
  { maxLength: 40 },
);

function apply(ring: Keyring, step: Step, now: number, random: (length: number) => Buffer): RingChange {
  const policy = POLICY;
  const kid = ring.keys[step.which % ring.keys.length]?.kid ?? '';
  switch (step.verb) {
    case 'rotate':
      return rotate(ring, { now, random, policy, activateIn: 60, dueWithin: null });
    case 'promote':
      return promote(ring, { now, policy, kid, force: false });
    case 'prune':
      return prune(ring, { now, policy });
    default:
      return revoke(ring, { now, random, policy, kids: { kid }, replace: step.which > 3, reason: 'test' });
  }
}

function begin(seed: number): { readonly ring: Keyring; readonly random: (length: number) => Buffer } {
  let count = 0;
  const random = (length: number): Buffer => Buffer.alloc(length, `${seed} ${count++}`);
  return { ring: newKeyring({ realm: 'r', now: NOW, random, propagation: PROPAGATION, policy: POLICY }), random };
}

test('I2, I4: what was sealed opens until it ends, unless its key was revoked; the serial grows; every ring loads', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (list, seed) => {
      let { ring } = begin(seed);
      const { random } = begin(seed + 1);
      let now = NOW;
      const sealed: { readonly kid: string; readonly exp: number }[] = [];
      const gone = new Set<string>();
      for (const step of list) {
        // Once before the wait and once after it: the last moment is when a key is closest to its end.
        for (const pause of [0, step.wait]) {
          now += pause;
          const seals = primary(ring, now);
          // Nobody rotated for so long that values are cut short: stated, with an alert.
          if (seals?.because === 'due') sealed.push({ kid: seals.key.kid, exp: now + POLICY.longestLifetime });
          for (const { kid, exp } of sealed) {
            if (now >= exp || gone.has(kid)) continue;
            const key = ring.keys.find((one) => one.kid === kid);
            assert.ok(key !== undefined && isReadable(ring, key, now) && key.expires >= exp, `${kid} is gone`);
          }
        }
        const outcome = apply(ring, step, now, random);
        if (outcome.kind !== 'changed') continue;
        assert.equal(outcome.ring.serial, ring.serial + 1);
        for (const { kid } of ring.revoked) gone.add(kid);
        for (const { kid } of outcome.ring.revoked) gone.add(kid);
        ring = parseKeyring(Buffer.from(formatKeyring(outcome.ring)), { minSerial: ring.serial + 1 });
      }
    }),
    { numRuns: 300 },
  );
});

test('I1: while a rotated ring is on its way, what one node seals every other can open', () => {
  fc.assert(
    fc.property(
      steps,
      fc.nat(),
      fc.array(fc.nat(PROPAGATION - 8), { minLength: 3, maxLength: 3 }),
      (list, seed, delays) => {
        let { ring } = begin(seed);
        const { random } = begin(seed + 1);
        let now = NOW + PROPAGATION;
        // Each node takes a ring its delay after it was written; clocks are up to the skew apart.
        const history: { readonly at: number; readonly ring: Keyring }[] = [{ at: now - PROPAGATION, ring }];
        const heldBy = (delay: number): Keyring => history.findLast(({ at }) => at + delay <= now)?.ring ?? ring;
        for (const step of list) {
          const outcome = step.verb === 'revoke' ? null : apply(ring, step, now, random);
          if (outcome?.kind === 'changed') {
            ring = outcome.ring;
            history.push({ at: now, ring });
          }
          for (let end = now + step.wait + PROPAGATION; now < end; now += 7) {
            const rings = delays.map(heldBy);
            for (const [i, one] of rings.entries()) {
              const seals = primary(one, now + i * 2 - 2);
              // The stated exception: with no other key a new one seals at once.
              if (seals === null || seals.because === 'only') continue;
              const { kid } = seals.key;
              for (const other of rings)
                assert.ok(
                  other.keys.some((key) => key.kid === kid),
                  `${kid} is not everywhere`,
                );
            }
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});
