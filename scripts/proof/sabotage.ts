// Owns: what must not be done to keys, so that the table shows that it would see it.
import { setTimeout as sleep } from 'node:timers/promises';
import { LIFETIMES, TIMING } from './lifetimes.ts';
import { type LiveStage, learn, rotate, short } from './rotations.ts';

/**
 * late: one node gets a new key after the others have begun to seal with it. forced: a key begins before any node has
 * it. unread: a signing key signs before service providers have read its certificate.
 */
export const SABOTAGES = ['late', 'forced', 'unread'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** Until it shows; half a minute at most. */
export const SABOTAGE: Readonly<Record<Sabotage, (stage: LiveStage) => Promise<void>>> = {
  late: async (stage) => {
    const late = LIFETIMES.propagation + 6;
    await rotate(stage);
    stage.say(`the file comes to n3 only ${late} s after it was written; propagation is ${LIFETIMES.propagation} s`);
    await stage.fleet.distribute('ring', [200, 1500, late * 1000]);
  },
  forced: async (stage) => {
    const { key } = await rotate(stage);
    await stage.fleet.signet('keys', 'promote', '--kid', key.kid, '--force', ...TIMING);
    learn(stage);
    stage.say(`signet keys promote --force: key ${short(key)} may seal although no node has it`);
    await stage.fleet.distribute('ring', [0, 4000, 6000]);
  },
  unread: async ({ fleet, say }) => {
    await fleet.signet('signing-keys', 'publish-next');
    await fleet.signet('signing-keys', 'promote', '--force');
    say('signet signing-keys promote --force: a key signs although nobody has read its certificate');
    // Long enough that people meet it at every node, on a busy machine too.
    await fleet.distribute('signing keys', [0, 4000, 8000]);
    await sleep(2000);
  },
};
