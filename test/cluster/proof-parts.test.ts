// The parts that the proof measures with: a clock that is wrong, the count of which key sealed what, the copies.
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runToEnd } from '../../scripts/processes.ts';
import { createCourier } from '../../scripts/proof/copies.ts';
import { createLedger, type Span, wronglySealed } from '../../scripts/proof/ledger.ts';
import { keyRefusals } from '../../scripts/proof/metrics.ts';
import { freezeKeyring, type Keyring, sealingKey } from '../../src/sealer/keyring.ts';

const CLOCK = new URL('../../scripts/proof/shift-clock.ts', import.meta.url).href;

for (const shift of [-3_600_000, 0, 90_000]) {
  test(`a process whose clock is ${shift} ms ahead: every way of asking for the time says so`, async () => {
    const ask = `console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), new Date(5).getTime(), new Date() instanceof Date]))`;
    const before = Date.now();
    const output = await runToEnd(process.execPath, [`--import=${CLOCK}`, '-e', ask], {
      environment: { PROOF_CLOCK_SHIFT_MS: String(shift) },
    });
    const [now, made, text, given, isDate] = JSON.parse(output) as [number, number, number, number, boolean];
    for (const time of [now, made, text + 999]) {
      assert.ok(time >= before + shift - 1 && time <= Date.now() + shift + 999, `${time}`);
    }
    assert.equal(given, 5);
    assert.equal(isDate, true);
  });
}

test('a clock shift that is no number ends the process', async () => {
  const environment = { PROOF_CLOCK_SHIFT_MS: 'soon' };
  await assert.rejects(runToEnd(process.execPath, [`--import=${CLOCK}`, '-e', ''], { environment }), /milliseconds/);
});

const FIRST = sealingKey(Buffer.alloc(32, 1), { created: 100, activates: 100, retires: 300, expires: 900 });
const SECOND = sealingKey(Buffer.alloc(32, 2), { created: 150, activates: 200, retires: 800, expires: 1400 });
const RING: Keyring = freezeKeyring({
  ...{ realm: 'https://idp.example.org', serial: 1, updated: 100, propagation: 90, revoked: [] },
  keys: [FIRST],
});
const token = (kid: string): string =>
  Buffer.concat([Buffer.of(1), Buffer.from(kid, 'hex'), Buffer.alloc(80)]).toString('base64url');

// The second key is ready at 240: created + propagation.
const SEALED: readonly { readonly kid: string; readonly span: Span; readonly wrong: number }[] = [
  { kid: FIRST.kid, span: { from: 100, to: 100 }, wrong: 0 },
  { kid: FIRST.kid, span: { from: 299.9, to: 301 }, wrong: 0 },
  { kid: FIRST.kid, span: { from: 300, to: 301 }, wrong: 1 },
  { kid: SECOND.kid, span: { from: 199, to: 239.9 }, wrong: 1 },
  { kid: SECOND.kid, span: { from: 239.9, to: 240.1 }, wrong: 0 },
  { kid: 'ffffffffffffffff', span: { from: 250, to: 250 }, wrong: 1 },
];

for (const { kid, span, wrong } of SEALED) {
  test(`sealed with ${kid.slice(0, 4)} between ${span.from} and ${span.to}: wrong ${wrong}`, () => {
    const ledger = createLedger();
    ledger.learn(RING);
    ledger.learn({ ...RING, keys: [FIRST, SECOND] });
    ledger.sealed('session', token(kid), span);
    assert.equal(wronglySealed(ledger.rows()), wrong);
    ledger.opened('flow', token(kid), span);
    assert.equal(wronglySealed(ledger.rows()), wrong);
  });
}

test('refusals because of keys and clocks are added up, other failures are not', () => {
  const metrics = [
    'signet_unseal_total{purpose="sso-session",result="ok"} 5',
    'signet_unseal_total{purpose="sso-session",result="unknown-kid"} 2',
    'signet_unseal_total{purpose="login-flow",result="future"} 3',
    'signet_unseal_total{purpose="login-flow",result="expired"} 7',
  ];
  assert.equal(keyRefusals(metrics.join('\n')), 5);
});

function folders(t: TestContext): { readonly from: string; readonly to: string } {
  const base = mkdtempSync(join(tmpdir(), 'signet-copies-'));
  t.after(() => rmSync(base, { recursive: true }));
  const [from, to] = [join(base, 'from'), join(base, 'to')];
  mkdirSync(from);
  mkdirSync(to);
  // What `signet init` put there before the first copy.
  writeFileSync(join(to, 'a.json'), 'old');
  writeFileSync(join(to, 'other.json'), 'other');
  return { from, to };
}

for (const delivery of ['renamed files', '..data swap'] as const) {
  test(`${delivery}: every version arrives whole, what is gone goes, what is another's stays`, (t) => {
    const { from, to } = folders(t);
    const bring = createCourier({ from, to, names: () => readdirSync(from), delivery });
    const put = (files: Readonly<Record<string, string>>): void => {
      for (const name of readdirSync(from)) rmSync(join(from, name));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(from, name), text);
      bring();
      for (const [name, text] of Object.entries(files)) assert.equal(readFileSync(join(to, name), 'utf8'), text);
      assert.equal(lstatSync(join(to, Object.keys(files)[0] ?? '')).isSymbolicLink(), delivery === '..data swap');
      assert.equal(readFileSync(join(to, 'other.json'), 'utf8'), 'other');
    };
    put({ 'a.json': '1', 'b.pem': '1' });
    put({ 'a.json': '2', 'c.pem': '2' });
    assert.equal(existsSync(join(to, 'b.pem')), false);
    put({ 'a.json': '3' });
    assert.equal(existsSync(join(to, 'c.pem')), false);
    assert.equal(readdirSync(to).filter((name) => name.startsWith('..')).length, delivery === '..data swap' ? 2 : 0);
  });
}
