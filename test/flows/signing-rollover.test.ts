// A signing key rolls over under three nodes whose copies arrive at different moments. Service providers verify every
// response with nothing but the metadata that they read themselves, once in `saml.metadataRefresh`, from any node.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SAML } from '@node-saml/node-saml';
import { readIdpMetadata } from '../../scripts/saml-sp.ts';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { NOW, type OneNode, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { PersonBrowser, samlResponse } from '../support/person.ts';

const HOUR = 3600;
const REFRESH = 24 * HOUR;
/** Files are looked at when a test says so; a session outlives a rollover of days. */
const QUIET = { SIGNET_SAML_SIGNING_POLL: '600', SIGNET_THROTTLE_ENABLED: 'false', SIGNET_KEYRING_POLL: '600' };
const PARTIES = ['https://early.example.org', 'https://late.example.org', 'https://mid.example.org'];
const random = systemRandom();

interface Fleet {
  readonly nodes: readonly OneNode[];
  /** Where the commands work; the first node reads it itself. */
  readonly folder: string;
  readonly travelTo: (now: number) => void;
  /** Copies the folder of keys to one node, file by file in this order, and lets it look after each. */
  readonly copyTo: (index: number, order?: (names: string[]) => string[]) => void;
  readonly command: (
    verb: string,
    ...args: readonly string[]
  ) => Promise<{ readonly code: number; readonly err: string }>;
}

async function fleet(
  t: TestContext,
  environment: Readonly<Record<string, string>> = {},
  parties = PARTIES.map((base) => plainSpMetadata(base)),
): Promise<Fleet> {
  const first = await startOneNode({ environment: { ...QUIET, ...environment }, parties });
  const { folder } = first.config;
  const original = first.config.saml.signing.folder;
  const copies = [1, 2].map((number) => join(folder, 'keys', `copy-${number}`));
  for (const copy of copies) cpSync(original, copy, { recursive: true });
  const siblings = await Promise.all(copies.map((copy) => first.sibling({ SIGNET_SAML_SIGNING_FOLDER: copy })));
  const nodes = [first, ...siblings];
  t.after(async () => {
    for (const node of nodes.toReversed()) await node.close();
  });
  return {
    nodes,
    folder: original,
    travelTo: (now) => {
      for (const node of nodes) node.travelTo(now);
    },
    copyTo: (index, order = (names) => names) => {
      const [to = ''] = copies.slice(index - 1);
      const names = readdirSync(original);
      for (const name of order(names)) {
        copyFileSync(join(original, name), join(to, name));
        nodes[index]?.node.parts.signingKeys.saml.poll();
      }
      for (const gone of readdirSync(to).filter((name) => !names.includes(name))) rmSync(join(to, gone));
      nodes[index]?.node.parts.signingKeys.saml.poll();
    },
    command: async (verb, ...args) => {
      let err = '';
      const code = await runCli(['signing-keys', verb, '--config', join(folder, 'signet.yaml'), ...args], {
        out: () => {},
        err: (text) => {
          err += text;
        },
        readStdin: async () => '',
        askSecret: async () => null,
        clock: () => first.time.now,
        random,
        environment: {},
      });
      first.node.parts.signingKeys.saml.poll();
      return { code, err };
    },
  };
}

/** A service provider: it reads metadata when its copy is old, and believes the certificates in it. */
class Sp {
  readonly base: string;
  readAt = Number.NEGATIVE_INFINITY;
  certificates: readonly string[] = [];

  constructor(base: string) {
    this.base = base;
  }

  async refresh(node: OneNode): Promise<void> {
    const { text } = await node.ask({ path: '/saml/idp/metadata' });
    this.certificates = readIdpMetadata(text).certificatePems;
    this.readAt = node.time.now;
  }

  /** Throws unless node-saml takes the response; answers who is signed in. */
  async accept(xml: string): Promise<string | undefined> {
    const saml = new SAML({
      idpCert: [...this.certificates],
      issuer: `${this.base}/metadata`,
      audience: `${this.base}/metadata`,
      callbackUrl: `${this.base}/acs`,
      entryPoint: 'https://idp.example.org/saml/idp/sso',
      wantAuthnResponseSigned: true,
      wantAssertionsSigned: false,
      // The nodes' clock is the test's own.
      acceptedClockSkewMs: -1,
    });
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: Buffer.from(xml).toString('base64') });
    return profile?.nameID;
  }
}

async function responseFor(browser: PersonBrowser, node: OneNode, sp: Sp): Promise<string> {
  const xml = samlResponse(await browser.signIn(node, 'alice', { sp: sp.base }));
  return xml ?? assert.fail('no response');
}

const nowOf = ([first]: readonly OneNode[]): number => first?.time.now ?? 0;
const certificateOf = (xml: string): string => /X509Certificate>([^<]+)</.exec(xml)?.[1] ?? '';

test('three nodes, copies hours apart, three SPs that read metadata once a day: every response verifies', async (t) => {
  const { nodes, travelTo, copyTo, command } = await fleet(t, { SIGNET_SESSION_IDLE: '43200' });
  const sps = PARTIES.map((base) => new Sp(base));
  const signedWith = new Set<string>();
  const together: number[] = [];
  let verified = 0;
  // Hour by hour. The copy to node 1 comes at once, to node 2 an hour later: later than any propagation of 15 minutes.
  const plan = new Map<number, () => Promise<void>>([
    [3, async () => assert.equal((await command('publish-next')).code, 0)],
    [3.5, async () => copyTo(1)],
    [4, async () => copyTo(2, (names) => names.toReversed())],
    [20, async () => assert.equal((await command('promote')).code, 2)],
    [30, async () => assert.equal((await command('promote', '--propagation', '1h')).code, 0)],
    [30.5, async () => copyTo(1, (names) => names.toReversed())],
    [31, async () => copyTo(2)],
    [31.5, async () => assert.equal((await command('retire', '--propagation', '2h')).code, 2)],
    [33, async () => assert.equal((await command('retire', '--propagation', '2h')).code, 0)],
    [33.5, async () => copyTo(2)],
    [34, async () => copyTo(1)],
  ]);
  const browsers = sps.map(() => new PersonBrowser());
  for (let hour = 0; hour <= 56; hour += 0.5) {
    travelTo(NOW + hour * HOUR);
    await plan.get(hour)?.();
    // Each at another time of day, each time from another node, and no more often than it must.
    for (const [i, sp] of sps.entries()) {
      const reader = nodes[(i + Math.ceil(hour)) % nodes.length];
      const due = hour >= i && nowOf(nodes) - sp.readAt >= REFRESH;
      if (due && reader !== undefined) await sp.refresh(reader);
    }
    if (!plan.has(hour) && hour % 8 !== 0) continue;
    const at = new Set<string>();
    for (const [i, sp] of sps.entries()) {
      if (sp.certificates.length === 0) continue;
      for (const node of nodes) {
        const xml = await responseFor(browsers[i] ?? new PersonBrowser(), node, sp);
        assert.ok(await sp.accept(xml), `hour ${hour}, ${sp.base}`);
        at.add(certificateOf(xml));
        verified++;
      }
    }
    for (const certificate of at) signedWith.add(certificate);
    if (at.size > 1) together.push(hour);
  }
  assert.ok(verified > 120, `${verified}`);
  assert.equal(signedWith.size, 2);
  // Between the first copy and the last both keys signed, and nobody noticed.
  assert.deepEqual(together, [30, 30.5]);
});

test('an SP that has not read the new certificate refuses what it signs: why promote waits', async (t) => {
  const { nodes, command } = await fleet(t);
  const [node] = nodes;
  assert.ok(node !== undefined);
  const [asleep, awake] = [new Sp(PARTIES[0] ?? ''), new Sp(PARTIES[0] ?? '')];
  await asleep.refresh(node);
  assert.equal((await command('publish-next')).code, 0);
  await awake.refresh(node);
  assert.equal((await command('promote', '--force')).code, 0);
  const xml = await responseFor(new PersonBrowser(), node, awake);
  assert.ok(await awake.accept(xml));
  await assert.rejects(asleep.accept(xml), /signature/i);
});

test('metadata shows current first, then next, then retiring; after retire the old certificate is gone', async (t) => {
  const { nodes, command } = await fleet(t);
  const [node] = nodes;
  assert.ok(node !== undefined);
  const sp = new Sp(PARTIES[0] ?? '');
  const shown = async (): Promise<readonly string[]> => {
    await sp.refresh(node);
    return sp.certificates;
  };
  const [old = ''] = await shown();
  await command('publish-next');
  const [current, next = '', ...none] = await shown();
  assert.deepEqual([current, none.length], [old, 0]);
  await command('promote', '--force');
  assert.deepEqual(await shown(), [next, old]);
  const forged = await responseFor(new PersonBrowser(), nodes[1] ?? node, sp);
  assert.ok(await sp.accept(forged));
  await command('retire', '--force');
  assert.deepEqual(await shown(), [next]);
  // After a leak: what the old key signs, on whatever node it still does, is worth nothing any more.
  await assert.rejects(sp.accept(forged), /signature/i);
});

test('in the middle of a promotion one answer has one signer: Response and assertion agree', async (t) => {
  const wants = PARTIES.map((base) =>
    plainSpMetadata(base).replace('<md:SPSSODescriptor', '$& WantAssertionsSigned="true"'),
  );
  const { nodes, command } = await fleet(t, {}, wants);
  const [node] = nodes;
  assert.ok(node !== undefined);
  const sp = new Sp(PARTIES[0] ?? '');
  await command('publish-next');
  await sp.refresh(node);
  const browser = new PersonBrowser();
  await browser.signIn(node, 'alice', { sp: sp.base });
  const answers = Array.from({ length: 30 }, async (_, i) => {
    if (i === 15) await command('promote', '--force');
    return responseFor(browser.copy(), node, sp);
  });
  for (const xml of await Promise.all(answers)) {
    const used = [...xml.matchAll(/X509Certificate>([^<]+)</g)].map(([, certificate]) => certificate);
    assert.equal(used.length, 2);
    assert.equal(new Set(used).size, 1);
    assert.ok(await sp.accept(xml));
  }
});

test('signed metadata is signed anew with the key of the time', async (t) => {
  const { nodes, command } = await fleet(t, { SIGNET_SAML_SIGN_METADATA: 'true' });
  const text = async (): Promise<string> => (await nodes[0]?.ask({ path: '/saml/idp/metadata' }))?.text ?? '';
  const before = await text();
  assert.equal(await text(), before);
  await command('publish-next');
  await command('promote', '--force');
  const after = await text();
  assert.notEqual(certificateOf(after), certificateOf(before));
  const [current = ''] = readIdpMetadata(after).certificatePems;
  assert.equal(certificateOf(after), current.replace(/-----[A-Z ]+-----|\s/g, ''));
});

test('a broken folder changes nothing for running nodes, and keeps a fresh one from starting', async (t) => {
  const { nodes, folder } = await fleet(t);
  const [node] = nodes;
  assert.ok(node !== undefined);
  const sp = new Sp(PARTIES[0] ?? '');
  await sp.refresh(node);
  const file = join(folder, 'key.pem');
  const pem = readFileSync(file);
  for (const broken of ['', pem.subarray(0, 300)]) {
    writeFileSync(file, broken, { mode: 0o600 });
    node.node.parts.signingKeys.saml.poll();
    assert.ok(await sp.accept(await responseFor(new PersonBrowser(), node, sp)));
    await assert.rejects(node.sibling(), /key\.pem: found/);
  }
  assert.match(node.written(), /key\.pem: found/);
  assert.ok(!node.written().includes(pem.toString().split('\n')[3] ?? ''));
});

test('verify asks the nodes themselves; metrics and status show the states', async (t) => {
  const { nodes, copyTo, command } = await fleet(t);
  const endpoints = (await Promise.all(nodes.map((node) => listening(t, node)))).join(',');
  assert.equal((await command('verify', '--endpoints', endpoints)).code, 0);
  await command('publish-next');
  const late = await command('promote', '--force', '--endpoints', endpoints);
  assert.equal(late.code, 3);
  assert.equal(late.err.match(/it has serial 0, the folder 1/g)?.length, 2);
  for (const index of [1, 2]) copyTo(index);
  assert.equal((await command('promote', '--force', '--endpoints', endpoints)).code, 0);
  const [management = ''] = endpoints.split(',');
  const metrics = await (await fetch(`http://${management}/metrics`)).text();
  assert.match(metrics, /^signet_signing_keys_serial\{protocol="saml"\} 2$/m);
  for (const state of ['current', 'retiring']) {
    assert.match(
      metrics,
      new RegExp(
        `^signet_signing_certificate_expiry_timestamp_seconds\\{protocol="saml",state="${state}",kid="[\\w-]{43}"\\} \\d+$`,
        'm',
      ),
    );
  }
  const status = (await (await fetch(`http://${management}/status`)).json()) as {
    signingKeys: { saml: { serial: number } };
  };
  assert.equal(status.signingKeys.saml.serial, 2);
});

async function listening(t: TestContext, { node }: OneNode): Promise<string> {
  const server = createServer(node.managementListener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
