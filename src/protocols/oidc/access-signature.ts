// Owns: whether an access token is one that this provider signed, and with a key that it still publishes. Leaves to
// access-token.ts: what it says.
import { hash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { LRUCache } from 'lru-cache';
import type { SigningKey } from '../../signing/key-set-folder.ts';

type PublicKeys = readonly Pick<SigningKey, 'kid' | 'algorithm' | 'publicKey'>[];

export interface AccessSignatures {
  /** A token that was signed here just now. */
  readonly made: (token: string) => void;
  /** What the token says, as text; null for anything whose signature is not good. */
  readonly verify: (token: string, typ: string, published: PublicKeys) => Promise<string | null>;
}

/** So many tokens' digests, of 32 bytes, are remembered: those of the last seconds on a busy node. */
const REMEMBERED = 4096;

/**
 * A signature that this node made, or has found good, is not verified again: most tokens come back to userinfo within the
 * second, and verifying one costs more than anything else that is done then. What is remembered is the digest of all of
 * the token, signature included, so not a byte may differ; whether its key is still published is asked every time.
 */
export function createAccessSignatures(): AccessSignatures {
  const good = new LRUCache<string, true>({ max: REMEMBERED });
  const digestOf = (token: string): string => hash('sha256', token, 'base64');
  return {
    made: (token) => {
      good.set(digestOf(token), true);
    },
    verify: async (token, typ, published) => {
      try {
        const header = decodeProtectedHeader(token);
        const key = published.find(({ kid }) => kid === header.kid);
        if (key === undefined || header.typ !== typ || header.alg !== key.algorithm) return null;
        const digest = digestOf(token);
        if (good.get(digest) === true) {
          return Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
        }
        const { payload } = await compactVerify(token, key.publicKey, { algorithms: [key.algorithm] });
        good.set(digest, true);
        return Buffer.from(payload).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
