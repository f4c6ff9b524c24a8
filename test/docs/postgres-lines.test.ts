// README's ten lines for PostgreSQL, as they stand there, against a real server that takes TLS and passwords only; then
// a node starts and knows who was imported.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLogger, transports } from 'winston';
import { readConfig } from '../../src/config/read-config.ts';
import { isUnavailable } from '../../src/core/account.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash } from '../../src/methods/argon2.ts';
import { importParty } from '../../src/parties/party-folder.ts';
import { createNode } from '../../src/wire.ts';
import { makeIdpFolder } from '../support/idp-folder.ts';
import { plainSpMetadata } from '../support/one-node.ts';
import { requirePostgres, startPostgres } from '../support/postgres.ts';
import { tlsCertificate } from '../support/tls-certificate.ts';
import { requireTool } from '../support/tools.ts';
import { documentNamed, PATH_WITH_SIGNET } from './documents.ts';

const PASSWORD = 'correct horse battery';
const DATABASE_PASSWORD = 'of the database';

/** The blocks of a section, without their fences. */
function blocksUnder(heading: string): readonly string[] {
  const { text } = documentNamed('README.md');
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
}

test('the ten lines of the README connect PostgreSQL, with TLS and a password', async (t) => {
  if (!requirePostgres(t) || !requireTool(t, 'psql')) return;
  const [server, settings, commands, ...more] = blocksUnder('PostgreSQL in ten lines');
  assert.ok(server !== undefined && settings !== undefined && commands !== undefined && more.length === 0);
  const lines = [server, settings, commands].join('').trimEnd().split('\n');
  assert.ok(lines.length <= 10, `${lines.length} lines`);

  const work = mkdtempSync(join(tmpdir(), 'signet-postgres-lines-'));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  const hba = join(work, 'pg_hba.conf');
  writeFileSync(hba, 'local all all trust\nhostssl all signet all scram-sha-256\n');
  spawnSync('chmod', ['755', work]);
  const { key, cert } = await tlsCertificate('127.0.0.1');
  const postgres = await startPostgres({ tls: { key, certificate: cert }, settings: { hba_file: hba } });
  t.after(() => postgres.close());
  // The test's own superuser has the name that the lines give.
  const boss = await postgres.connect('postgres');
  await boss.query('create role postgres superuser login');
  await boss.end();
  const folder = join(work, 'idp');
  const clone = join(work, 'signet');
  mkdirSync(clone);
  const run = (script: string, environment: Readonly<Record<string, string>>): string => {
    const ended = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: clone,
      encoding: 'utf8',
      env: { PATH: PATH_WITH_SIGNET, ...environment },
    });
    assert.equal(ended.status, 0, ended.stderr + ended.stdout);
    return ended.stdout;
  };
  const admin = { PGHOST: postgres.socket, PGPORT: String(postgres.port), PGUSER: 'postgres', PGDATABASE: 'postgres' };
  run('psql -q -c "alter role signet rename to tester"', admin);
  run(server.replace("'…'", `'${DATABASE_PASSWORD}'`), admin);

  await makeIdpFolder(folder, { now: Math.floor(Date.now() / 1000) - 3600 });
  await importParty(join(folder, 'parties'), Buffer.from(plainSpMetadata('https://sp.example.org')), 'test');
  const file = join(folder, 'signet.yaml');
  // On a loopback address TLS has to be asked for. What `init` wrote of the two is replaced, as the comment of the lines says.
  const before = readFileSync(file, 'utf8').replace(/^(?:database|directories):\n(?:[ #].*\n)+/gm, '');
  writeFileSync(
    file,
    before + settings.replace('@db.example.org/signet', `@127.0.0.1:${postgres.port}/signet?sslmode=verify-full`),
  );
  writeFileSync(join(folder, 'database-ca.pem'), cert);
  const hash = await createHash(PASSWORD, { memory: 64, time: 1, parallelism: 1 }, systemRandom());
  writeFileSync(join(clone, 'people.csv'), `loginName,password,mail\nalice,"${hash}",alice@example.org\n`);
  const environment = { SIGNET_DATABASE_PASSWORD: DATABASE_PASSWORD };
  const said = run(commands, environment);
  assert.match(said, /added 1 people/);
  assert.ok(!said.includes(DATABASE_PASSWORD));
  run('signet check --config ../idp/signet.yaml', environment);

  const config = readConfig(file, { ...environment, SIGNET_PASSWORD_WORKERS: '1', SIGNET_SPENT_CAPACITY: '1024' });
  const sink = new PassThrough().resume();
  const log = createLogger({ transports: [new transports.Stream({ stream: sink })] });
  const ports = {
    clock: systemClock,
    random: systemRandom(),
    log,
    audit: sink,
    auditLost: () => 0,
    logLost: () => 0,
    version: 'test',
  };
  const node = await createNode(config, ports);
  t.after(() => node.close());
  const found = await node.parts.directories.findByLoginName('alice');
  assert.ok(found !== null && !isUnavailable(found));
  assert.deepEqual(found.attributes.get('mail'), ['alice@example.org']);
});
