// Owns: session cookies that the node takes for its own: sealed with its keyring file by the product's own sealer.
import { readFileSync } from 'node:fs';
import { systemClock } from '../src/lib/clock.ts';
import { systemRandom } from '../src/lib/random.ts';
import { encodeSession } from '../src/sealed/session-body.ts';
import { parseKeyring } from '../src/sealer/keyring.ts';
import { ssoSession } from '../src/sealer/purpose.ts';
import { createSealer, isSealRefusal, type Sealer } from '../src/sealer/seal.ts';
import type { Folder } from './identity-provider.ts';

/** Over plain http on loopback the cookie has no `__Host-`. */
export const SESSION_COOKIE = 'signet_sso';
const IDLE = 3600;

export function openSealer(folder: Folder): Sealer {
  const ring = parseKeyring(readFileSync(folder.keyringFile), { minSerial: 0 });
  return createSealer({
    ring: () => ring,
    reread: () => false,
    clock: systemClock,
    random: systemRandom(),
    observe: () => {},
  });
}

/** Makes a Cookie header's value with a fresh session of this account, which signed in a minute ago. */
export function createMint(folder: Folder): (person: number) => string {
  const sealer = openSealer(folder);
  const random = systemRandom();
  return (person) => {
    const iat = systemClock();
    const created = iat - 60;
    const body = encodeSession({
      sid: random(16),
      accountId: folder.accountIds[person % folder.accountIds.length] ?? '',
      created,
      events: [{ method: 'password', credentialId: 'credential-1', at: created }],
      participants: [],
      lineage: [],
    });
    const sealed = sealer.seal(ssoSession, { context: SESSION_COOKIE, iat, exp: iat + IDLE, body });
    if (isSealRefusal(sealed)) throw new Error(`no session could be sealed: ${sealed.refused}`);
    return `${SESSION_COOKIE}=${sealed.token}`;
  };
}
