// A cookie that another host, a plain connection or a script of a sibling could set must never be taken for ours: browsers
// guard the exact name `__Host-…`, so every spelling that they do not guard must be another cookie here (CWE-565, CWE-384;
// CVE-2024-21583 and the prefix bypasses by white space, quotes, $Version and lists).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NOW, type OneNode, startOneNode } from '../../support/one-node.ts';
import { heading, PersonBrowser, redirectPath, statusOf } from '../../support/person.ts';

const NAME = '__Host-signet_sso';

let node: OneNode;
let value: string;
before(async () => {
  node = await startOneNode();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  value = browser.cookies.get(NAME) ?? assert.fail('no session');
});
after(() => node.close());

const spellings: readonly { readonly name: string; readonly header: (value: string) => string }[] = [
  { name: 'without the prefix', header: (v) => `signet_sso=${v}` },
  { name: 'with another prefix', header: (v) => `__Secure-signet_sso=${v}` },
  { name: 'in lower case', header: (v) => `__host-signet_sso=${v}` },
  { name: 'in upper case', header: (v) => `${NAME.toUpperCase()}=${v}` },
  { name: 'percent-encoded', header: (v) => `%5F_Host-signet_sso=${v}` },
  { name: 'as the value of a cookie without a name', header: (v) => `=${NAME}=${v}` },
  { name: 'behind a non-breaking space', header: (v) => `\u00a0${NAME}=${v}` },
  { name: 'behind a next-line character', header: (v) => `\u0085${NAME}=${v}` },
  { name: 'behind a blank that UTF-8 knows', header: (v) => `\u00e2\u0080\u0080${NAME}=${v}` },
  { name: 'before a non-breaking space', header: (v) => `${NAME}\u00a0=${v}` },
  { name: 'behind a comma', header: (v) => `a=b,${NAME}=${v}` },
  { name: 'in a quoted value', header: (v) => `a="b; ${NAME}=${v}"` },
  { name: 'with its value quoted', header: (v) => `${NAME}="${v}"` },
  { name: 'behind $Version, with its value quoted', header: (v) => `$Version=1; ${NAME}="${v}"; $Path=/` },
  { name: 'with its value percent-encoded', header: (v) => `${NAME}=%${v.charCodeAt(0).toString(16)}${v.slice(1)}` },
  { name: 'with padding', header: (v) => `${NAME}=${v}=` },
  { name: 'with something behind it', header: (v) => `${NAME}=${v},x` },
  { name: 'in two parts', header: (v) => `${NAME}=${v.slice(0, 9)} ${v.slice(9)}` },
  { name: 'twice, the same', header: (v) => `${NAME}=${v}; ${NAME}=${v}` },
  { name: 'twice, an empty one first', header: (v) => `${NAME}=; ${NAME}=${v}` },
  { name: 'twice, an empty one last', header: (v) => `${NAME}=${v}; ${NAME}=` },
  { name: 'three times', header: (v) => `${NAME}=${v}; ${NAME}=x; ${NAME}=${v}` },
  { name: 'of a login', header: (v) => `__Host-signet_f_AAAAAAAA=${v}` },
  { name: 'of a known browser', header: (v) => `__Host-signet_device=${v}` },
];

const shown = async (header: string): Promise<readonly [string, string]> => {
  const headers = { Cookie: header };
  const home = await node.ask({ path: '/', headers });
  const passive = await node.ask({ path: redirectPath(node, { now: NOW, passive: true }), headers });
  return [heading(home), statusOf(passive)];
};

for (const { name, header } of spellings) {
  test(`a session's cookie ${name} is no session`, async () => {
    assert.deepEqual(await shown(header(value)), ['You are not signed in', 'NoPassive']);
  });
}

test('the cookie itself is one, whatever stands beside it', async () => {
  for (const beside of ['a=b', `signet_sso=x`, '=', ';;', `x=${'y'.repeat(6000)}`, '__host-signet_sso=x']) {
    for (const header of [
      `${beside}; ${NAME}=${value}`,
      `${NAME}=${value}; ${beside}`,
      `${beside};\t${NAME}=${value} `,
    ]) {
      assert.deepEqual(await shown(header), ['You are signed in', 'Success'], header.slice(0, 60));
    }
  }
});
