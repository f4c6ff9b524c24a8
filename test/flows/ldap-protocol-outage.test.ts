// What everybody who is in the middle of something is told, in the words of their protocol, while the LDAP server that the
// people are in is gone or hangs: docs/operations.md, its rows about LDAP. On a real server.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addLdapPerson } from '../support/ldap-people.ts';
import { NOW, type OneNode, PASSWORD } from '../support/one-node.ts';
import {
  LDAP_BASE,
  OPENLDAP_TOOLS,
  type OpenLdap,
  SEARCH_DN,
  SEARCH_PASSWORD,
  startOpenLdap,
} from '../support/openldap.ts';
import { everybodyUnderWay, outageNode, type Table, toldEach, WORKS } from '../support/outage-stage.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { requireTool } from '../support/tools.ts';

/** Nobody's password can be tried: never told that it is wrong. Who has signed in is remembered. */
const NO_PASSWORDS: Table = { ...WORKS, 'SAML: sign-in': '503', 'OIDC: sign-in': '503', 'CAS: sign-in': '503' };

/** Nobody is remembered any more, and nothing is said to have ended but what five minutes have ended. */
const NOBODY_KNOWN: Table = {
  ...NO_PASSWORDS,
  'SAML: single sign-on': 'AuthnFailed',
  'SAML: passive': 'AuthnFailed',
  'OIDC: single sign-on': 'temporarily_unavailable',
  'OIDC: prompt=none': 'temporarily_unavailable',
  'OIDC: token': '400 invalid_grant',
  'OIDC: refresh': '503 temporarily_unavailable',
  'OIDC: userinfo': '401 invalid_token',
  'CAS: single sign-on': '503',
  'CAS: gateway': '503',
  'CAS: serviceValidate': 'INVALID_TICKET',
  'page: account': '503',
};

let server: OpenLdap | null = null;
let skipped: string | undefined;
before(async () => {
  const skip = (reason?: string) => {
    skipped = reason;
  };
  if (!OPENLDAP_TOOLS.every((tool) => requireTool({ skip }, tool))) return;
  server = await startOpenLdap();
  for (const uid of ['alice', 'bob']) {
    await addLdapPerson(server, { uid, password: PASSWORD, attributes: { mail: `${uid}@example.org` } });
  }
});
after(async () => server?.close());

/** What is remembered of a person is used for so long while the server is gone. */
const STALE = 600;

async function stageFor(t: TestContext): Promise<{ readonly node: OneNode; readonly proxy: TcpProxy } | null> {
  if (server === null) {
    t.skip(skipped);
    return null;
  }
  const proxy = await startTcpProxy(server.plainPort);
  const directory = {
    kind: 'ldap',
    urls: [`ldap://127.0.0.1:${proxy.port}`],
    bindDn: SEARCH_DN,
    bindPasswordVariable: 'LDAP_PASSWORD',
    base: LDAP_BASE,
    connectTimeout: 1,
    operationTimeout: 1,
  };
  const node = await outageNode({
    database: 'sqlite',
    people: ['unused'],
    environment: {
      SIGNET_DIRECTORIES: JSON.stringify([directory]),
      SIGNET_ACCOUNT_CACHE_PERIOD: '60',
      SIGNET_ACCOUNT_CACHE_STALE: String(STALE),
      LDAP_PASSWORD: SEARCH_PASSWORD,
    },
  });
  t.after(async () => {
    await node.close();
    await proxy.close();
  });
  return { node, proxy };
}

interface Row {
  readonly name: string;
  readonly begin: (proxy: TcpProxy) => Promise<void>;
  /** Seconds that it has lasted when everybody asks. */
  readonly after: number;
  readonly told: Table;
}
const gone = async (proxy: TcpProxy) => proxy.close();
const hangs = async (proxy: TcpProxy) => proxy.hold();
const rows: readonly Row[] = [
  { name: 'is gone', begin: gone, after: 0, told: NO_PASSWORDS },
  { name: 'hangs', begin: hangs, after: 0, told: NO_PASSWORDS },
  { name: 'is gone for longer than anybody is remembered', begin: gone, after: STALE + 1, told: NOBODY_KNOWN },
  { name: 'hangs for longer than anybody is remembered', begin: hangs, after: STALE + 1, told: NOBODY_KNOWN },
];

for (const { name, begin, after: seconds, told } of rows) {
  test(`the LDAP server ${name}`, async (t) => {
    const stage = await stageFor(t);
    if (stage === null) return;
    const asked = await everybodyUnderWay(stage.node);
    await begin(stage.proxy);
    stage.node.travelTo(NOW + seconds);
    assert.deepEqual(await toldEach(asked), told);
    assert.ok(!stage.node.written().includes(PASSWORD) && !stage.node.written().includes(SEARCH_PASSWORD));
  });
}

test('the LDAP server answers again: everybody goes on within seconds, with the page that they had', async (t) => {
  const stage = await stageFor(t);
  if (stage === null) return;
  const { node, proxy } = stage;
  const [during, afterwards] = [await everybodyUnderWay(node), await everybodyUnderWay(node)];
  proxy.hold();
  assert.deepEqual(await toldEach(during), NO_PASSWORDS);
  proxy.release();
  const [directory] = node.node.parts.directoryDetails.backends();
  assert.equal(directory?.isUp, false);
  // A server that failed is left alone for five seconds.
  await sleep(5100);
  assert.deepEqual(await toldEach(afterwards), WORKS);
});
