import assert from 'node:assert/strict';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { LocalSpent } from '../../src/core/revocation.ts';
import type { Database } from '../../src/database/database.ts';
import { sweep } from '../../src/state/housekeeping.ts';
import { writeRevocation } from '../../src/state/revocation-rows.ts';
import { createSqlAttempts } from '../../src/state/sql-attempts.ts';
import { createSqlAudit } from '../../src/state/sql-audit.ts';
import { forgetSerials, highestSerial, rememberSerial } from '../../src/state/sql-meta.ts';
import { createSqlParticipants } from '../../src/state/sql-participants.ts';
import { createSqlSessions } from '../../src/state/sql-sessions.ts';
import { createSqlSpent } from '../../src/state/sql-spent.ts';
import { forEachDatabase, NOW, up } from '../support/databases.ts';

const event = (change: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'login',
  outcome: 'success',
  reason: null,
  sid: Buffer.alloc(16, 7),
  accountId: 'a-anna',
  loginName: 'anna',
  relyingParty: 'saml:https://sp.example.org',
  methods: ['password'],
  assurance: 'aal1',
  address: '192.0.2.1',
  userAgent: 'Lynx',
  requestId: 'r1',
  ...change,
});

const fail = (error: unknown): never => assert.fail(String(error));

forEachDatabase(({ test }) => {
  const rowsOf = async (database: Database, accountId: string) =>
    up(
      await database.ask('read', (queries) =>
        queries.selectFrom('audit').selectAll().where('account_id', '=', accountId).orderBy('at').execute(),
      ),
    );

  test('each event is a row that the database can hold; single sign-on writes none', async ({ database }) => {
    const time = { now: NOW };
    const audit = createSqlAudit(database, { node: 'n1', instance: 'i1', clock: () => time.now, onFault: fail });
    audit.write(event());
    audit.write(event({ action: 'sso' }));
    audit.write(event({ accountId: 'a-ben' }));
    time.now += 60;
    audit.write(
      event({ action: 'logout', userAgent: `x\0\ud800${'y'.repeat(1000)}`, requestId: `'; drop table audit; --` }),
    );
    await audit.close();
    const rows = await rowsOf(database, 'a-anna');
    assert.deepEqual(
      rows.map(({ id, at, node, action, methods }) => [id, at, node, action, methods]),
      [
        ['i1-1', NOW, 'n1', 'login', '["password"]'],
        ['i1-3', NOW + 60, 'n1', 'logout', '["password"]'],
      ],
    );
    assert.deepEqual(
      rows.map(({ user_agent: userAgent, request_id: id }) => [userAgent?.length, id]),
      [
        [4, 'r1'],
        [255, `'; drop table audit; --`],
      ],
    );
    assert.deepEqual((await rowsOf(database, 'a-ben')).length, 1);
  });

  // CWE-400: whoever has no account fills no disk of the database with what is turned away.
  test('what names nobody, and what was turned away unexamined, is the stream’s alone', async ({ database }) => {
    const audit = createSqlAudit(database, { node: 'n1', instance: 'i1', clock: () => NOW, onFault: fail });
    const failed = { action: 'login-failed', outcome: 'failure' } as const;
    const nobody = { accountId: null, loginName: null };
    audit.write(event({ action: 'refusal', outcome: 'failure', reason: 'malformed-request', ...nobody }));
    audit.write(event({ ...failed, reason: 'unknown-name', ...nobody }));
    audit.write(event({ ...failed, reason: 'throttled' }));
    audit.write(event({ ...failed, reason: 'mismatch' }));
    audit.write(event({ action: 'refusal', outcome: 'failure', reason: 'declined' }));
    await audit.close();
    const rows = up(await database.ask('read', (queries) => queries.selectFrom('audit').selectAll().execute()));
    assert.deepEqual(rows.map(({ reason }) => reason).sort(), ['declined', 'mismatch']);
    assert.equal(audit.lost(), 0);
  });

  test('events wait while the database is down, and are written once', async ({ database }) => {
    let down = true;
    const flaky: typeof database = {
      ...database,
      ask: async (operation, run) => {
        if (down) return { unavailable: true };
        return database.ask(operation, run);
      },
    };
    const audit = createSqlAudit(flaky, { node: 'n1', instance: 'i1', clock: () => NOW, onFault: fail });
    for (let n = 0; n < 450; n += 1) audit.write(event());
    await audit.close();
    down = false;
    await audit.close();
    await audit.close();
    assert.equal((await rowsOf(database, 'a-anna')).length, 450);
  });

  test('the highest serial of a ring is kept, and never lowered', async ({ database }) => {
    assert.equal(await highestSerial(database, 'keyring'), 0);
    for (const serial of [9, 10, 2]) await rememberSerial(database, 'keyring', serial);
    await rememberSerial(database, 'data-keyring', 3);
    assert.deepEqual(
      [await highestSerial(database, 'keyring'), await highestSerial(database, 'data-keyring')],
      [10, 3],
    );
    assert.equal(await forgetSerials(database), true);
    assert.equal(await highestSerial(database, 'keyring'), 0);
  });

  test('sweeping takes what has expired for every clock, and nothing that is still refused', async ({ database }) => {
    const table: LocalSpent = { spend: () => 'first', peek: () => false };
    const spent = createSqlSpent(database, table);
    const attempts = createSqlAttempts(database);
    const policy = { free: 1, maxDelay: 60, window: 900, ceiling: null };
    await spent.spend('login-flow', 'old', NOW - 601, null, NOW - 1000);
    await spent.spend('login-flow', 'new', NOW + 1, null, NOW);
    for (const [sid, until] of [
      [1, NOW - 601],
      [2, NOW + 1],
    ] as const) {
      await database.ask('revoke', (queries) =>
        writeRevocation(queries, { kind: 'sid', sid: Buffer.alloc(16, sid), until }, NOW - 5000),
      );
    }
    const reserve = async (method: string, at: number) => {
      const answer = await attempts.reserve({ method, accountId: 'a', detail: '' }, { ...policy, ceiling: 100 }, at);
      if ('settle' in answer) await answer.settle('failed');
    };
    await reserve('password', NOW - 1501);
    await reserve('email-enrolment', NOW - 1501);
    await reserve('totp', NOW - 9_000_000);
    await attempts.finished('b', [], '192.0.2.1', NOW - 100);
    const sessions = createSqlSessions(database);
    const session = { accountId: 'a', createdAt: 1, methods: [], address: null, userAgent: null };
    await sessions.record({ ...session, sid: Buffer.alloc(16, 3), expiresAt: NOW - 1001 });
    await sessions.record({ ...session, sid: Buffer.alloc(16, 4), expiresAt: NOW - 10 });
    const participants = createSqlParticipants(database, fail);
    for (const [n, expiresAt] of [
      [3, NOW - 1001],
      [4, NOW - 10],
    ] as const)
      participants.joined({ sid: Buffer.alloc(16, n), relyingParty: 'saml:x', at: 1, expiresAt });
    await participants.close();
    assert.equal(await sweep(database, { attemptWindow: 900, deviceLife: 86_400, history: 1000 }, NOW), 6);
    assert.equal(await sweep(database, { attemptWindow: 900, deviceLife: 86_400, history: 1000 }, NOW), 0);
    assert.equal(await spent.spend('login-flow', 'new', NOW + 1, null, NOW), 'spent');
    assert.equal(await attempts.isFamiliar('b', '192.0.2.1'), true);
    const rows = up(await database.ask('read', (queries) => queries.selectFrom('attempts').selectAll().execute()));
    assert.deepEqual(rows.map(({ method }) => method).sort(), ['', 'totp'], 'a second factor’s count has no end');
  });
});
