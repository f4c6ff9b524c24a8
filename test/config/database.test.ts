import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeTarget } from '../../src/config/database-url.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { ProblemsError } from '../../src/lib/problems.ts';

const SECRET = 'hunter2hunter2';

function read(yaml: string, environment: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'signet-config-'));
  const path = join(folder, 'signet.yaml');
  writeFileSync(path, `publicUrl: https://idp.example.org\n${yaml}\n`);
  return { folder, config: readConfig(path, environment) };
}
const target = (url: string, environment: Readonly<Record<string, string>> = {}) =>
  read('', { SIGNET_DATABASE_URL: url, ...environment }).config.database.target;

const postgres = { kind: 'postgres', port: 5432, user: 'signet', password: null, database: 'idp' } as const;
const good: readonly (readonly [url: string, target: object])[] = [
  ['postgres://signet@db.example.org/idp', { ...postgres, host: 'db.example.org', tls: 'verify-full' }],
  [
    'postgresql://signet@db.example.org:6432/idp',
    { ...postgres, host: 'db.example.org', port: 6432, tls: 'verify-full' },
  ],
  ['postgres://signet@db.example.org/idp?sslmode=verify-ca', { ...postgres, host: 'db.example.org', tls: 'verify-ca' }],
  ['postgres://signet@db.example.org/idp?sslmode=disable', { ...postgres, host: 'db.example.org', tls: 'disable' }],
  ['postgres://signet@127.0.0.1/idp', { ...postgres, host: '127.0.0.1', tls: 'disable' }],
  ['postgres://signet@[::1]/idp', { ...postgres, host: '::1', tls: 'disable' }],
  ['postgres://signet@127.0.0.1.example.org/idp', { ...postgres, host: '127.0.0.1.example.org', tls: 'verify-full' }],
  ['postgres://signet@10.0.0.1/idp', { ...postgres, host: '10.0.0.1', tls: 'verify-full' }],
  ['postgres://signet@x/idp?host=/run/postgresql', { ...postgres, host: '/run/postgresql', tls: 'disable' }],
  [
    'postgres://si%40net:p%2Fw@db/idp',
    { ...postgres, user: 'si@net', password: 'p/w', host: 'db', tls: 'verify-full' },
  ],
];
for (const [url, expected] of good) {
  test(`database.url ${url.replace('p%2Fw', '…')}`, () => assert.deepEqual(target(url), expected));
}

test('sqlite: a path starts at the configuration; without a URL there is no database', () => {
  const { folder, config } = read('database: { url: "sqlite:data/signet.db" }');
  assert.deepEqual(config.database.target, { kind: 'sqlite', file: join(folder, 'data/signet.db') });
  assert.deepEqual(target('sqlite:/var/lib/signet.db'), { kind: 'sqlite', file: '/var/lib/signet.db' });
  assert.equal(read('').config.database.target, null);
});

test('the password comes from the environment, as it is, and wins', () => {
  for (const password of ['007', 'true', '{ a: 1 }', ' spaces ', SECRET]) {
    const found = target('postgres://signet:other@db/idp', { SIGNET_DATABASE_PASSWORD: password });
    assert.ok(found?.kind === 'postgres');
    assert.equal(found.password, password);
    assert.ok(!describeTarget(found).includes(password));
  }
});

// CWE-312, CWE-532: a password neither stands in a file nor in a message.
const bad: readonly {
  readonly name: string;
  readonly url?: string;
  readonly yaml?: string;
  readonly expect: RegExp;
  readonly environment?: Readonly<Record<string, string>>;
}[] = [
  {
    name: 'a password in the file’s URL',
    yaml: `database: { url: "postgres://signet:${SECRET}@db/idp" }`,
    expect: /SIGNET_DATABASE_PASSWORD/,
  },
  { name: 'a password in the file', yaml: `database: { password: ${SECRET} }`, expect: /SIGNET_DATABASE_PASSWORD/ },
  { name: 'another database', url: `mysql://signet:${SECRET}@db/idp`, expect: /sqlite:FILE/ },
  { name: 'no URL', url: `host=db password=${SECRET}`, expect: /sqlite:FILE/ },
  { name: 'no user', url: 'postgres://db/idp', expect: /no user/ },
  { name: 'no name', url: `postgres://signet:${SECRET}@db/`, expect: /no name/ },
  // Encryption without knowing who answers helps against nobody who can answer.
  { name: 'sslmode require', url: `postgres://signet:${SECRET}@db/idp?sslmode=require`, expect: /verify-full/ },
  { name: 'sslmode prefer', url: 'postgres://signet@db/idp?sslmode=prefer', expect: /verify-full/ },
  { name: 'sslmode twice', url: 'postgres://signet@db/idp?sslmode=verify-full&sslmode=disable', expect: /twice/ },
  { name: 'another parameter', url: 'postgres://signet@db/idp?sslrootcert=x', expect: /sslrootcert/ },
  { name: 'a broken escape', url: `postgres://signet:%zz${SECRET}@db/idp`, expect: /database\.url/ },
  { name: 'a memory database', url: 'sqlite::memory:', expect: /sqlite:FILE/ },
  { name: 'a SQLite URI', url: 'sqlite://x/y.db?nolock=1', expect: /sqlite:FILE/ },
  { name: 'no file', url: 'sqlite:', expect: /sqlite:FILE/ },
  {
    name: 'SQLite in Kubernetes',
    url: 'sqlite:data/signet.db',
    environment: { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
    expect: /pods share no file/,
  },
];
for (const { name, url, yaml = '', expect, environment = {} } of bad) {
  test(`refused, without its password: ${name}`, () => {
    const all = { ...environment, ...(url === undefined ? {} : { SIGNET_DATABASE_URL: url }) };
    assert.throws(
      () => read(yaml, all),
      (error: unknown) => {
        assert.ok(error instanceof ProblemsError);
        assert.match(error.message, expect);
        assert.ok(!error.message.includes(SECRET), error.message);
        return true;
      },
    );
  });
}

test('PostgreSQL in Kubernetes is what it is for', () => {
  const found = target('postgres://signet@db.example.org/idp', { KUBERNETES_SERVICE_HOST: '10.0.0.1' });
  assert.equal(found?.kind, 'postgres');
});
