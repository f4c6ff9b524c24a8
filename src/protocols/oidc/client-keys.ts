// Owns: a client's public keys: from its registration, or from its jwks_uri. Leaves to jose: caching and choosing a key.
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import type { Client } from '../../parties/client.ts';

export interface ClientKeys {
  /** Null: the client has registered none. */
  readonly of: (client: Client) => JWTVerifyGetKey | null;
}

const FETCH_TIMEOUT_MS = 3000;
const COOLDOWN_MS = 30_000;
const CACHE_MS = 600_000;
const JWKS_MAX_BYTES = 65_536;

/**
 * Keys are fetched from registered https addresses only, never from one that a message names (RFC 8725 §3.10), without
 * following redirects.
 */
export function createClientKeys(): ClientKeys {
  const ready = new WeakMap<Client, JWTVerifyGetKey | null>();
  return {
    of: (client) => {
      const before = ready.get(client);
      if (before !== undefined) return before;
      const keys = keysOf(client);
      ready.set(client, keys);
      return keys;
    },
  };
}

function keysOf({ metadata }: Client): JWTVerifyGetKey | null {
  if (metadata.jwks !== undefined) return createLocalJWKSet(metadata.jwks);
  if (metadata.jwks_uri === undefined) return null;
  return createRemoteJWKSet(new URL(metadata.jwks_uri), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: CACHE_MS,
    [customFetch]: fetchSmall,
  });
}

/** A client's server must not be able to fill this node's memory. */
async function fetchSmall(url: string, options: Parameters<typeof fetch>[1]): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'error' });
  if (response.body === null) return response;
  let size = 0;
  const parts: Uint8Array[] = [];
  for await (const part of response.body) {
    size += part.length;
    if (size > JWKS_MAX_BYTES) throw new Error('a key set over 64 KiB');
    parts.push(part);
  }
  return new Response(Buffer.concat(parts), { status: response.status, headers: response.headers });
}
