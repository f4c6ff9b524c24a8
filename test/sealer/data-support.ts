// Owns: data rings and ciphers whose keys, clock and randomness a test chooses.
import { type DataKey, type DataKeyring, dataKey, freezeDataKeyring } from '../../src/sealer/data-keyring.ts';
import {
  createDataCipher,
  type DataCipher,
  type DataCipherParts,
  type DataResult,
} from '../../src/sealer/data-value.ts';
import { NOW } from './support.ts';

export const REALM = 'https://idp.example.org';

/** A data key whose bytes all are `byte`, in use since long before NOW. */
export function dataKeyOf(byte: number, activates = NOW - 1_000_000): DataKey {
  return dataKey(Buffer.alloc(32, byte), { created: activates, activates });
}

export function dataRingOf(keys: readonly DataKey[], more: Partial<DataKeyring> = {}): DataKeyring {
  return freezeDataKeyring({ realm: REALM, serial: 1, updated: NOW - 1000, propagation: 900, keys, ...more });
}

export interface TestCipher {
  readonly cipher: DataCipher;
  readonly results: DataResult[];
}

/** Random bytes count up, so that no nonce comes twice. */
export function testCipher(
  ring: DataKeyring | (() => DataKeyring),
  parts: Partial<Omit<DataCipherParts, 'ring'>> = {},
): TestCipher {
  const results: DataResult[] = [];
  let draws = 0;
  const cipher = createDataCipher({
    ring: typeof ring === 'function' ? ring : () => ring,
    reread: parts.reread ?? (() => false),
    clock: parts.clock ?? (() => NOW),
    random: parts.random ?? ((length) => Buffer.alloc(length, ++draws)),
    observe: parts.observe ?? ((result) => results.push(result)),
  });
  return { cipher, results };
}
