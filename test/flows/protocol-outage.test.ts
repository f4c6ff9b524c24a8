// The outage table of docs/operations.md, protocol by protocol: everybody who may be in the middle of something when a part
// breaks is told so in the words of their own protocol, within seconds; and goes on when it is back.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeRevocation } from '../../src/state/revocation-rows.ts';
import { up } from '../support/databases.ts';
import { NOW, type OneNode, type OneNodeOptions } from '../support/one-node.ts';
import { everybodyUnderWay, outageNode, type Table, toldEach, WORKS } from '../support/outage-stage.ts';
import { requirePostgres, startPostgres } from '../support/postgres.ts';
import { runTool } from '../support/tools.ts';

/** What counts once cannot be counted: nobody signs in, no code, token or ticket is taken. */
const NOTHING_COUNTED: Table = {
  ...WORKS,
  'SAML: sign-in': '503',
  'OIDC: sign-in': '503',
  'OIDC: token': '503 temporarily_unavailable',
  'OIDC: refresh': '503 temporarily_unavailable',
  'CAS: sign-in': '503',
  'CAS: serviceValidate': 'INTERNAL_ERROR',
};

const STOPPED: Table = {
  ...NOTHING_COUNTED,
  'OIDC: userinfo': '503 temporarily_unavailable',
  'OIDC: introspection': '503 temporarily_unavailable',
  'page: login, again': '503',
  'page: account': 'Your account',
};

/** What five minutes make of them, whatever is broken. */
const AGED: Table = {
  'OIDC: token': '400 invalid_grant',
  'OIDC: userinfo': '401 invalid_token',
  'OIDC: introspection': '200',
  'CAS: serviceValidate': 'INVALID_TICKET',
};

/** Sessions do not count for the time being. Programs are not told that anything has ended. */
const ASKED_AGAIN: Table = {
  ...STOPPED,
  ...AGED,
  'SAML: single sign-on': 'a page',
  'SAML: passive': 'NoPassive',
  'OIDC: single sign-on': 'a page',
  'OIDC: prompt=none': 'login_required',
  'CAS: single sign-on': 'a page',
  'CAS: gateway': 'without ticket',
  'page: portal': 'You are not signed in',
  'page: account': 'a page',
  'page: sign out': 'You are not signed in',
};

const NOBODY_CAN_SAY: Table = {
  ...STOPPED,
  'SAML: single sign-on': 'AuthnFailed',
  'SAML: passive': 'AuthnFailed',
  'OIDC: single sign-on': 'temporarily_unavailable',
  'OIDC: prompt=none': 'temporarily_unavailable',
  'CAS: single sign-on': '503',
  'CAS: gateway': '503',
  'page: portal': '503',
  'page: account': '503',
};

async function nodeFor(t: TestContext, options: OneNodeOptions): Promise<OneNode> {
  const node = await outageNode(options);
  t.after(() => node.close());
  return node;
}

const poll = (node: OneNode): Promise<void> => node.node.parts.revocations.poll();

test('nothing is broken: everybody gets what they came for', async (t) => {
  const node = await nodeFor(t, { database: 'sqlite' });
  assert.deepEqual(await toldEach(await everybodyUnderWay(node)), WORKS);
});

interface Row {
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Before anybody comes. */
  readonly before?: (node: OneNode) => Promise<void>;
  /** Seconds that it has lasted when everybody asks. */
  readonly after?: number;
  readonly told: Table;
}

/** More than the node of that row can hold. */
const many = async (node: OneNode): Promise<void> => {
  const { database } = node.node.parts.shared;
  assert.ok(database !== null);
  up(
    await database.transaction('revoke', async (queries) => {
      for (let n = 0; n < 130; n += 1) {
        await writeRevocation(queries, { kind: 'sid', sid: Buffer.alloc(16, `${n}`), until: NOW + 3600 }, NOW);
      }
      return true;
    }),
  );
  await poll(node);
  assert.equal(node.node.parts.revocations.status().overCapacity, true);
  assert.deepEqual(await toldEach(await everybodyUnderWay(node)), WORKS, 'as long as the database answers');
};

const rows: readonly Row[] = [
  { name: 'the database stops', told: STOPPED },
  { name: 'for over five minutes, failMode reauth', after: 301, told: ASKED_AGAIN },
  {
    name: 'for over five minutes, failMode closed',
    environment: { SIGNET_REVOCATIONS_FAIL_MODE: 'closed' },
    after: 301,
    told: ASKED_AGAIN,
  },
  {
    name: 'while there are more revocations than fit',
    environment: { SIGNET_REVOCATIONS_CAPACITY: '100' },
    before: many,
    told: NOBODY_CAN_SAY,
  },
];

for (const { name, environment = {}, before, after = 0, told } of rows) {
  test(`PostgreSQL: ${name}`, async (t) => {
    if (!requirePostgres(t)) return;
    const own = await startPostgres();
    t.after(() => own.close());
    const database = (await own.newDatabase()).url as `postgres://${string}`;
    const node = await nodeFor(t, { database, environment });
    await before?.(node);
    const [during, afterwards] = [await everybodyUnderWay(node), await everybodyUnderWay(node)];
    await own.stop();
    node.travelTo(NOW + after);
    await poll(node);
    assert.deepEqual(await toldEach(during), told);
    await own.start();
    node.travelTo(NOW + after + 5);
    await poll(node);
    await poll(node);
    assert.deepEqual(await toldEach(afterwards), after === 0 ? WORKS : { ...WORKS, ...AGED });
  });
}

test('SQLite: the disk is full; nothing is lost, and it goes on when there is room', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-full-'));
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  try {
    if (process.getuid?.() !== 0 || !runTool('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=700', 'tmpfs', disk]).ok) {
      if (process.env.CI === 'true') throw new Error('a small disk cannot be mounted, and CI must run this test');
      t.skip('a small disk cannot be mounted here');
      return;
    }
    try {
      await onFullDisk(disk);
    } finally {
      runTool('umount', [disk]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function onFullDisk(disk: string): Promise<void> {
  const node = await outageNode({ database: `sqlite:${join(disk, 'signet.db')}` });
  try {
    const [during, afterwards] = [await everybodyUnderWay(node), await everybodyUnderWay(node)];
    const filler = join(disk, 'filler');
    assert.throws(() => {
      for (let n = 0; n < 10_000; n += 1) writeFileSync(filler, Buffer.alloc(4096, 1), { flag: 'a' });
    }, /ENOSPC/);
    // What only reads goes on.
    assert.deepEqual(await toldEach(during), NOTHING_COUNTED);
    assert.match(node.written(), /cannot be asked \(other\): [\w-]+: database or disk is full/);
    rmSync(filler);
    assert.deepEqual(await toldEach(afterwards), WORKS);
  } finally {
    await node.close();
  }
}

test('no database, and the revocation file unreadable for over five minutes, failMode closed', async (t) => {
  const node = await nodeFor(t, { environment: { SIGNET_REVOCATIONS_FAIL_MODE: 'closed' } });
  const asked = await everybodyUnderWay(node);
  rmSync(node.config.revocations.file);
  node.travelTo(NOW + 301);
  assert.deepEqual(await toldEach(asked), {
    ...ASKED_AGAIN,
    'SAML: sign-in': 'Success',
    'OIDC: sign-in': 'code',
    'CAS: sign-in': 'ticket',
    'page: login, again': 'Sign in',
  });
});
