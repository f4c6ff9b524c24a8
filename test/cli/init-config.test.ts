import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configText } from '../../src/cli/init-config.ts';

// One fingerprint in 700 looks like a number to YAML: all digits, or digits around one e.
for (const fingerprint of ['2135862247091044', '0000000000000001', '12e4567890123456', '42b5bcb5b16ff3fe']) {
  test(`the fingerprint ${fingerprint} is text in the new configuration`, () => {
    const config: unknown = parse(configText('https://idp.example.org', fingerprint, 'sql'));
    assert.partialDeepStrictEqual(config, { stableSecret: { fingerprint } });
  });
}
