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

// Nothing stands between browsers and a trial on plain http: the node has to listen where they look for it.
for (const [publicUrl, listen] of [
  ['http://localhost:8280', '127.0.0.1:8280'],
  ['http://127.0.0.1:9000', '127.0.0.1:9000'],
  ['http://[::1]:9000', '[::1]:9000'],
  ['http://localhost', '127.0.0.1:80'],
  ['https://idp.example.org', '127.0.0.1:8080'],
  ['https://idp.example.org:8443', '127.0.0.1:8080'],
] as const) {
  test(`a node of ${publicUrl} listens at ${listen}`, () => {
    assert.partialDeepStrictEqual(parse(configText(publicUrl, '0000000000000001', 'sql')), { listen });
  });
}
