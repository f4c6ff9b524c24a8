// Owns: a signing key's rollover on real nodes, while the sealing keys change as well.
import { setTimeout as sleep } from 'node:timers/promises';
import { DELAYS_MS, LIFETIMES, SIGNING_PROPAGATION } from './lifetimes.ts';
import { endpointsOf, type LiveStage } from './rotations.ts';

/** Published, promoted, retired. No step is forced: the commands hold to the times. */
export async function rollover({ fleet, say }: LiveStage): Promise<void> {
  const everywhere = async (): Promise<void> => {
    await fleet.distribute('signing keys', DELAYS_MS.toReversed());
    await fleet.signet('signing-keys', 'verify', '--endpoints', endpointsOf(fleet), '--wait', '10s');
  };
  const waiting = ['--endpoints', endpointsOf(fleet), '--propagation', `${SIGNING_PROPAGATION}s`] as const;
  const { metadataRefresh, assertion, skew } = LIFETIMES;
  await fleet.signet('signing-keys', 'publish-next');
  // In the metadata's file times are whole seconds.
  const published = performance.now() + 1000;
  say('signet signing-keys publish-next: another certificate is in the metadata, where the files have come');
  await everywhere();
  await sleep(Math.max(0, published + 1000 * (2 * metadataRefresh + SIGNING_PROPAGATION) - performance.now()));
  await fleet.signet('signing-keys', 'promote', ...waiting);
  const promoted = performance.now() + 1000;
  say('signet signing-keys promote: it signs, where the files have come');
  await everywhere();
  await sleep(Math.max(0, promoted + 1000 * (assertion + skew + SIGNING_PROPAGATION) - performance.now()));
  await fleet.signet('signing-keys', 'retire', ...waiting);
  say('signet signing-keys retire: the old certificate is gone from the metadata');
  await everywhere();
}
