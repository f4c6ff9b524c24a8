// Every byte of the worked example in docs/sealed-values.md is computed again, each from those before it, with nothing but
// node:crypto; and the whole is the pinned vector. Of the tables there: what the program has, and no more.
import assert from 'node:assert/strict';
import { createCipheriv, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { explainedKeys, explainedPendingKeys } from '../../src/cli/inspect-bodies.ts';
import { METHOD_NUMBERS } from '../../src/core/authentication-event.ts';
import { PROTOCOL_NUMBERS } from '../../src/core/authentication-request.ts';
import { PURPOSES } from '../../src/sealer/purpose.ts';
import { documentNamed, root } from './documents.ts';

const { text } = documentNamed('docs/sealed-values.md');
const section = text.slice(text.indexOf('## Worked example'), text.indexOf('## Threats'));
const blocks = [...section.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

/** `name = hex`, continued on lines of their own. */
const values = new Map(
  blocks.flatMap((block) =>
    [...block.matchAll(/^(\w+(?: \d)?) += ([\w-]+(?:\n {11}[\w-]+)*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\s+/g, ''),
    ]),
  ),
);
const of = (name: string): Buffer => Buffer.from(values.get(name) ?? assert.fail(`no ${name}`), 'hex');
/** The first column of a block, as bytes. */
const column = (block: number): Buffer =>
  Buffer.concat([...(blocks[block] ?? '').matchAll(/^ *([0-9a-f]+)/gm)].map(([, hex = '']) => Buffer.from(hex, 'hex')));

interface Vector {
  readonly purpose: string;
  readonly context: string;
  readonly body: string;
  readonly plaintext: string;
  readonly token: string;
}
const file = JSON.parse(readFileSync(join(root, 'test/vectors/sealed_values.json'), 'utf8')) as {
  readonly keys: { readonly realm: string };
  readonly vectors: readonly Vector[];
};
const [vector] = file.vectors;
assert.ok(vector);
const { purpose, context } = vector;

const hmac = (key: Buffer | string, ...data: readonly (Buffer | string)[]): Buffer =>
  data.reduce((mac, one) => mac.update(one), createHmac('sha256', key)).digest();
const aes = (block: Buffer): Buffer => createCipheriv('aes-256-ecb', of('K'), null).update(block);
const body = column(1);
const plaintext = Buffer.concat([column(2), body, Buffer.alloc(192 - 11 - body.length)]);
const block = (number: number): Buffer => {
  const bytes = Buffer.concat([Buffer.of(0, number, 0x58, 0), of('N').subarray(0, 12)]);
  return Buffer.from(bytes.map((byte, i) => byte ^ (of('K1')[i] ?? 0)));
};
const doubled = (): Buffer => {
  const shifted = (BigInt(`0x${values.get('L')}`) << 1n) & ((1n << 128n) - 1n);
  const carry = (of('L')[0] ?? 0) >> 7 === 1 ? 0x87n : 0n;
  return Buffer.from((shifted ^ carry).toString(16).padStart(32, '0'), 'hex');
};
const sealed = (): Buffer => {
  const cipher = createCipheriv('aes-256-gcm', of('Kx'), of('N').subarray(12)).setAAD(of('AAD'));
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
};

const steps: readonly { readonly name: string; readonly shown: () => Buffer; readonly computed: () => Buffer }[] = [
  { name: 'PRK', shown: () => of('PRK'), computed: () => hmac('signet.seal.v1', of('MK')) },
  { name: 'kid', shown: () => of('kid'), computed: () => hmac(of('PRK'), 'kid\u0001').subarray(0, 8) },
  { name: 'K', shown: () => of('K'), computed: () => hmac(of('PRK'), `key\0${file.keys.realm}\0${purpose}\u0001`) },
  { name: 'body', shown: () => body, computed: () => Buffer.from(vector.body, 'hex') },
  { name: 'plaintext', shown: () => plaintext, computed: () => Buffer.from(vector.plaintext, 'hex') },
  {
    name: 'AAD',
    shown: () => of('AAD'),
    computed: () =>
      Buffer.concat([
        Buffer.of(1),
        of('kid'),
        Buffer.of(purpose.length),
        Buffer.from(purpose),
        Buffer.of(0, context.length),
        Buffer.from(context),
      ]),
  },
  { name: 'L', shown: () => of('L'), computed: () => aes(Buffer.alloc(16)) },
  { name: 'K1', shown: () => of('K1'), computed: doubled },
  { name: 'block 1', shown: () => of('block 1'), computed: () => block(1) },
  { name: 'block 2', shown: () => of('block 2'), computed: () => block(2) },
  { name: 'Kx', shown: () => of('Kx'), computed: () => Buffer.concat([aes(of('block 1')), aes(of('block 2'))]) },
  { name: 'C | T', shown: () => Buffer.concat([of('C'), of('T')]), computed: sealed },
];

describe('the worked example', () => {
  for (const { name, shown, computed } of steps) {
    test(name, () => assert.equal(shown().toString('hex'), computed().toString('hex')));
  }

  test('the token is the pinned one, and the lengths in the text are its own', () => {
    const envelope = Buffer.concat([Buffer.of(1), ...['kid', 'N', 'C', 'T'].map(of)]);
    assert.equal(values.get('token'), envelope.toString('base64url'));
    assert.equal(values.get('token'), vector.token);
    for (const length of [body.length, 11 + body.length, plaintext.length, envelope.length]) {
      assert.match(section, new RegExp(`\\b${length}\\b`));
    }
  });
});

/** `### purpose`, and the first map of its CDDL. */
const bodies = [...text.matchAll(/^### ([a-z-]+)\n\n```cddl\n\w+ = \{([\s\S]*?)\}/gm)].flatMap(
  ([, name = '', map = '']) =>
    PURPOSES.has(name)
      ? [{ name, keys: [...map.matchAll(/(?:^|[\s?])(\d+) => /g)].map(([, key]) => Number(key)) }]
      : [],
);
for (const { name, keys } of bodies) {
  test(`${name}: signet inspect names every key of the specification, and no other`, () => {
    assert.deepEqual(explainedKeys(name), keys);
  });
}

for (const [, protocol = '', map = ''] of text.matchAll(/^pending-(\w+) = \{([\s\S]*?)^\}/gm)) {
  test(`what ${protocol} keeps in a flow: signet inspect names every key of it, and no other`, () => {
    const number = Object.entries(PROTOCOL_NUMBERS).find(([name]) => name === protocol)?.[1] ?? 0;
    const keys = [...map.matchAll(/(?:^|[\s?])(\d+) => /g)].map(([, key]) => Number(key));
    assert.deepEqual(explainedPendingKeys(number), keys);
  });
}

test('the specification has the bodies that it had', () => {
  const names = bodies.map(({ name }) => name);
  const written = [
    'sso-session',
    'login-flow',
    'saml-transient',
    'oidc-code',
    'oidc-refresh',
    'oidc-access',
    'oidc-par',
  ];
  for (const name of written) assert.ok(names.includes(name), name);
  assert.ok(bodies.every(({ keys }) => keys.length >= 2));
});

test('every purpose stands in the table with its limits', () => {
  const HOUR = 3600;
  const units: Readonly<Record<string, number>> = { s: 1, min: 60, h: HOUR, d: 24 * HOUR };
  const table = text.slice(text.indexOf('## Purposes'), text.indexOf('## Opening'));
  const rows = [...table.matchAll(/^\| (`.*?) \| .*? \| (\d+) \| (\d+) (\w+) \| (\d+) s \| (\d+)/gm)];
  const documented = rows.flatMap(([, names = '', bucket, count, unit = '', tolerance, characters]) =>
    [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => ({
      name,
      bucket: Number(bucket),
      maxLifetime: Number(count) * (units[unit] ?? 0),
      toleranceAfterExp: Number(tolerance),
      maxCharacters: Number(characters),
      deterministic: names.includes('(deterministic)'),
    })),
  );
  const here = [...PURPOSES.values()].map(({ schemas: _, ...limits }) => limits);
  const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
    (a.name ?? '') < (b.name ?? '') ? -1 : 1;
  assert.deepEqual(documented.sort(byName), here.sort(byName));
});

test('every method stands there with its number', () => {
  const [, list = ''] = /^Methods: ([\s\S]*?)\. A number/m.exec(text) ?? [];
  const documented = list.split(/,\s+(?=\d)/).map((entry) => /^(\d+) ([\w-]+)/.exec(entry)?.slice(1, 3));
  assert.deepEqual(
    documented,
    Object.entries(METHOD_NUMBERS).map(([name, number]) => [String(number), name]),
  );
});
