// Owns: finding a CAS service by the address that a request names, and a proxy callback by what a ticket holds of it.
// Leaves to service-url.ts: whether an address is a service's.
import { hash } from 'node:crypto';
import type { Problem } from '../lib/problems.ts';
import type { Service } from './service.ts';
import { couldMatchService, matchesService, parseServiceUrl } from './service-url.ts';

export interface ServiceIndex {
  readonly all: () => readonly Service[];
  /**
   * The service that an address belongs to: an exact one first, then the one with the longest path. Null also when it is so
   * written that somebody else could take it for the address of a more specific one: then nobody can say whose policy holds.
   */
  readonly find: (text: string) => Service | null;
  /** By the 12 hex digits that sealed values hold. */
  readonly findByHash: (hash: string) => Service | null;
  /** A registered callback by {@link callbackDigest}. */
  readonly findCallback: (digest: string) => string | null;
  readonly problems: readonly Problem[];
}

/** How tickets name a proxy's callback: the first 4 bytes of SHA-256 of its address, as 8 hex digits. */
export function callbackDigest(url: string): string {
  return hash('sha256', url, 'hex').slice(0, 8);
}

export function createServiceIndex(services: readonly Service[]): ServiceIndex {
  const byOrigin = new Map<string, Service[]>();
  for (const service of services) {
    const { origin } = service.address;
    byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), service].sort(mostSpecificFirst));
  }
  const byHash = new Map(services.map((service) => [service.hash, service]));
  const { callbacks, problems } = readCallbacks(services);
  return {
    all: () => services,
    find: (text) => {
      const asked = parseServiceUrl(text);
      if (asked === null) return null;
      const candidates = byOrigin.get(asked.origin) ?? [];
      const found = candidates.find(({ address, settings }) => matchesService(asked, address, settings.match)) ?? null;
      const isUnclear = candidates.some(
        (other) =>
          found !== null &&
          mostSpecificFirst(other, found) < 0 &&
          couldMatchService(asked, other.address, other.settings.match),
      );
      return isUnclear ? null : found;
    },
    findByHash: (hash) => byHash.get(hash) ?? null,
    findCallback: (digest) => callbacks.get(digest) ?? null,
    problems,
  };
}

function mostSpecificFirst(one: Service, other: Service): number {
  const exact = Number(other.settings.match === 'exact') - Number(one.settings.match === 'exact');
  return exact === 0 ? other.address.segments.length - one.address.segments.length : exact;
}

/** Several services may share a callback; two callbacks that a ticket cannot tell apart are both out of use. */
function readCallbacks(services: readonly Service[]) {
  const callbacks = new Map<string, string>();
  const alike = new Set<string>();
  const problems: Problem[] = [];
  for (const { settings, source } of services) {
    for (const [i, url] of settings.proxy.callbackUrls.entries()) {
      const digest = callbackDigest(url);
      const before = callbacks.get(digest);
      callbacks.set(digest, url);
      if (before === undefined || before === url) continue;
      alike.add(digest);
      const found = `an address with the same 4-byte hash as ${before}`;
      problems.push({ path: `${source}: proxy.callbackUrls[${i}]`, found, wanted: 'another address' });
    }
  }
  for (const digest of alike) callbacks.delete(digest);
  return { callbacks, problems };
}
