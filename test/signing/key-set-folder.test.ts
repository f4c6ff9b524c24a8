// A node's view of a folder whose files arrive one by one, in any order, half, swapped behind a link, or not at all.
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import { type KeySetEvent, openKeySetFolder } from '../../src/signing/followed-key-set.ts';
import { formatKeySet } from '../../src/signing/key-set.ts';
import { loadKeySet, signingFault } from '../../src/signing/key-set-folder.ts';
import { privateKeyPem } from '../../src/signing/private-key-file.ts';
import {
  as,
  ed25519,
  folder,
  type Made,
  made,
  NOW,
  placeOf,
  setOf,
  VARIABLE,
  writeFirst,
  writeKey,
  writeSet,
} from './sets.ts';

const [a, b, ec] = await Promise.all([made('RS256'), made('RS256'), made('ES256')]);
const PASSPHRASE = 'violet-otter-77';

function open(t: TestContext, path: string, passphrase: string | null = null) {
  const events: KeySetEvent[] = [];
  const parts = {
    ...placeOf(path, passphrase),
    pollSeconds: 3600,
    clock: () => NOW,
    onEvent: (one: KeySetEvent) => void events.push(one),
  };
  const source = openKeySetFolder(parts);
  t.after(source.close);
  return {
    source,
    events,
    states: () =>
      source
        .current()
        .keys.map((key) => `${key.kid === a.published.kid ? 'a' : 'b'} ${key.state}`)
        .join(', '),
  };
}

function problemsOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ProblemsError, String(error));
    return error.message;
  }
  return assert.fail('it was taken');
}

async function signsWith(path: string, key: Made): Promise<void> {
  const [current] = loadKeySet(placeOf(path)).current;
  const data = Buffer.from('data');
  const signature = await current?.signer.sign('rsa-sha256', data);
  assert.ok(signature !== undefined && verify('sha256', data, createPublicKey(key.privateKey), signature));
}

test('as signet init leaves it: one current key, serial 0', async (t) => {
  const path = folder(t);
  writeFirst(path, a);
  const set = loadKeySet(placeOf(path));
  assert.deepEqual([set.serial, set.keys.length, set.current[0]?.kid], [0, 1, a.published.kid]);
  await signsWith(path, a);
});

const steps = {
  set: (path: string) => writeSet(path, setOf(2, as(b, 'current'), as(a, 'retiring', { file: 'key.pem' }))),
  key: (path: string) => writeKey(path, b),
  certificate: (path: string) => rmSync(join(path, 'certificate.pem')),
  old: (path: string) => rmSync(join(path, 'key.pem')),
};
type Step = keyof typeof steps;

function orders<T>(of: readonly T[]): readonly (readonly T[])[] {
  if (of.length < 2) return [of];
  return of.flatMap((first) => orders(of.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}

for (const order of orders(Object.keys(steps) as Step[])) {
  test(`a promotion that arrives as ${order.join(', ')}: the last good set until all is there, then the new one`, (t) => {
    const path = folder(t);
    writeFirst(path, a);
    const { source, states } = open(t, path);
    const there = new Set<Step>();
    for (const step of order) {
      steps[step](path);
      there.add(step);
      source.poll();
      const whole = there.has('set') && there.has('key');
      assert.equal(states(), whole ? 'b current, a retiring' : 'a current');
      assert.ok(source.current().current.every(({ signer }) => signer.schemes.size > 0));
    }
    assert.deepEqual(source.problems(), []);
  });
}

test('a next key is published before its private key is here, and can sign when it comes', (t) => {
  const path = folder(t);
  writeFirst(path, a);
  const { source, events, states } = open(t, path);
  writeSet(path, setOf(1, as(a, 'current', { file: 'key.pem' }), as(b, 'next')));
  assert.equal(source.poll(), true);
  assert.equal(states(), 'a current, b next');
  assert.deepEqual(events.at(-1), {
    kind: 'loaded',
    serial: 1,
    current: [a.published.kid],
    waitingFor: [b.published.kid],
  });
  assert.match(signingFault(placeOf(path), b.published)?.found ?? '', /ENOENT/);
  assert.equal(source.poll(), false);
  writeKey(path, b);
  assert.equal(source.poll(), true);
  assert.equal(signingFault(placeOf(path), b.published), null);
  assert.deepEqual(events.at(-1), { kind: 'loaded', serial: 1, current: [a.published.kid], waitingFor: [] });
});

test('a private key that is written slowly is refused until it is whole', (t) => {
  const path = folder(t);
  writeFirst(path, a);
  const { source, states } = open(t, path);
  steps.set(path);
  const pem = privateKeyPem(b.privateKey, null);
  for (const length of [0, 20, 400, pem.length - 30]) {
    writeFileSync(join(path, b.published.file), pem.slice(0, length), { mode: 0o600 });
    source.poll();
    assert.equal(states(), 'a current', `${length} characters`);
  }
  writeKey(path, b);
  source.poll();
  assert.equal(states(), 'b current, a retiring');
});

test('a refused version is told once, and changes nothing', (t) => {
  const path = folder(t);
  writeFirst(path, a);
  const { source, events, states } = open(t, path);
  writeFileSync(join(path, 'signing-keys.json'), '{"format":', { mode: 0o600 });
  for (let i = 0; i < 3; i++) assert.equal(source.poll(), false);
  assert.equal(states(), 'a current');
  assert.equal(events.filter(({ kind }) => kind === 'refused').length, 1);
  assert.equal(source.problems().length, 1);
});

test('an older copy, no copy, and another copy with the same serial never win on a running node', (t) => {
  const path = folder(t);
  writeFirst(path, a);
  writeKey(path, b);
  const later = setOf(5, as(b, 'current'), as(a, 'retiring', { file: 'key.pem' }));
  writeSet(path, later);
  const { source, states } = open(t, path);
  writeSet(path, setOf(4, as(a, 'current', { file: 'key.pem' }), as(b, 'next')));
  assert.equal(source.poll(), false);
  assert.match(source.problems()[0]?.found ?? '', /serial 4/);
  rmSync(join(path, 'signing-keys.json'));
  assert.equal(source.poll(), false);
  assert.match(source.problems()[0]?.found ?? '', /no file any more/);
  writeSet(path, setOf(5, as(b, 'current')));
  assert.equal(source.poll(), false);
  assert.match(source.problems()[0]?.found ?? '', /another file with serial 5/);
  assert.equal(states(), 'b current, a retiring');
  writeSet(path, later);
  source.poll();
  assert.deepEqual(source.problems(), []);
});

test('Kubernetes: the folder behind ..data is swapped, twice', (t) => {
  const path = folder(t);
  const swap = (name: string, fill: (inside: string) => void, files: readonly string[]): void => {
    const inside = join(path, name);
    mkdirSync(inside);
    fill(inside);
    symlinkSync(name, join(path, '..tmp'));
    renameSync(join(path, '..tmp'), join(path, '..data'));
    for (const file of files) {
      rmSync(join(path, file), { force: true });
      symlinkSync(join('..data', file), join(path, file));
    }
  };
  swap('..1', (inside) => writeFirst(inside, a), ['key.pem', 'certificate.pem']);
  const { source, states } = open(t, path);
  const both = ['signing-keys.json', 'key.pem', b.published.file];
  swap(
    '..2',
    (inside) => {
      writeFirst(inside, a);
      writeKey(inside, b);
      writeSet(inside, setOf(1, as(a, 'current', { file: 'key.pem' }), as(b, 'next')));
    },
    both,
  );
  source.poll();
  assert.equal(states(), 'a current, b next');
  swap(
    '..3',
    (inside) => {
      writeFirst(inside, a);
      writeKey(inside, b);
      writeSet(inside, setOf(2, as(b, 'current'), as(a, 'retiring', { file: 'key.pem' })));
    },
    both,
  );
  source.poll();
  assert.equal(states(), 'b current, a retiring');
});

test('an encrypted key opens with its passphrase', (t) => {
  const path = folder(t);
  writeFirst(path, a, PASSPHRASE);
  assert.match(readFileSync(join(path, 'key.pem'), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
  assert.equal(open(t, path, PASSPHRASE).states(), 'a current');
});

/** At the start each of them is a reason not to serve, and says where. */
const refused: readonly { name: string; arrange: (path: string) => void; passphrase?: string; expect: RegExp }[] = [
  {
    name: 'another passphrase',
    arrange: (path) => writeFirst(path, a, PASSPHRASE),
    passphrase: 'not-that-one',
    expect: /key\.pem: found an encrypted key that the passphrase in SIGNET_SAML_SIGNING_PASSPHRASE does not open/,
  },
  {
    name: 'no passphrase',
    arrange: (path) => writeFirst(path, a, PASSPHRASE),
    expect: /key\.pem: found an encrypted key; wanted its passphrase in SIGNET_SAML_SIGNING_PASSPHRASE/,
  },
  { name: 'no key', arrange: () => {}, expect: /key\.pem: found no such file \(ENOENT\)/ },
  {
    name: 'no certificate',
    arrange: (path) => {
      writeFirst(path, a);
      rmSync(join(path, 'certificate.pem'));
    },
    expect: /certificate\.pem: found no such file \(ENOENT\)/,
  },
  {
    name: 'the certificate of another key',
    arrange: (path) => {
      writeFirst(path, a);
      writeFileSync(join(path, 'certificate.pem'), b.certificatePem);
    },
    expect: /certificate\.pem: found a certificate for another key/,
  },
  // CWE-732.
  {
    name: 'a key that others may read',
    arrange: (path) => {
      writeFirst(path, a);
      chmodSync(join(path, 'key.pem'), 0o644);
    },
    expect: /key\.pem: found permissions 0644/,
  },
  {
    name: 'a list that the group may change',
    arrange: (path) => {
      writeKey(path, a);
      writeSet(path, setOf(1, as(a, 'current')));
      chmodSync(join(path, 'signing-keys.json'), 0o660);
    },
    expect: /signing-keys\.json: found permissions 0660/,
  },
  {
    name: 'another private key under a known name',
    arrange: (path) => {
      writeKey(path, { ...a, privateKey: b.privateKey });
      writeSet(path, setOf(1, as(a, 'current')));
    },
    expect: /found another private key/,
  },
  {
    name: 'PKCS#1',
    arrange: (path) => {
      writeFirst(path, a);
      writeFileSync(join(path, 'key.pem'), a.privateKey.export({ type: 'pkcs1', format: 'pem' }));
    },
    expect: /key\.pem: found a private key in another form; wanted a private key in PKCS#8/,
  },
  {
    name: 'a public key',
    arrange: (path) => {
      writeFirst(path, a);
      writeFileSync(join(path, 'key.pem'), createPublicKey(a.privateKey).export({ type: 'spki', format: 'pem' }));
    },
    expect: /key\.pem: found no private key/,
  },
  {
    name: 'a key that SAML cannot sign with',
    arrange: (path) => {
      writeFirst(path, a);
      writeFileSync(join(path, 'key.pem'), privateKeyPem(ed25519(), null));
    },
    expect: /key for EdDSA.*wanted a key for RS256, ES256, ES384, ES512/s,
  },
  {
    name: 'a current key without a certificate',
    arrange: (path) => {
      writeKey(path, a);
      writeSet(path, setOf(1, as(a, 'current', { certificate: null })));
    },
    expect: /no certificate for key/,
  },
  {
    name: 'a current key that did not arrive',
    arrange: (path) => writeSet(path, setOf(1, as(a, 'current'))),
    expect: /ENOENT/,
  },
];

for (const { name, arrange, passphrase = null, expect } of refused) {
  test(`refused at the start: ${name}`, (t) => {
    const path = folder(t);
    arrange(path);
    const said = problemsOf(() => loadKeySet(placeOf(path, passphrase)));
    assert.match(said, expect);
    for (const secret of [PASSPHRASE, 'not-that-one', 'BEGIN']) assert.ok(!said.includes(secret), said);
  });
}

test('an EC key is one that SAML can sign with, alone or beside an RSA key', (t) => {
  const path = folder(t);
  writeFirst(path, ec);
  assert.equal(loadKeySet(placeOf(path)).current[0]?.algorithm, 'ES256');
  writeKey(path, a);
  writeKey(path, ec);
  writeSet(path, setOf(1, as(a, 'current'), as(ec, 'current')));
  assert.equal(loadKeySet(placeOf(path)).current.length, 2);
});

test('what is published is the same on every node, whichever private keys it has', (t) => {
  const set = setOf(1, as(a, 'current'), as(b, 'next'));
  const digests = [true, false].map((withNext) => {
    const path = folder(t);
    writeKey(path, a);
    if (withNext) writeKey(path, b);
    writeFileSync(join(path, 'signing-keys.json'), formatKeySet(set), { mode: 0o600 });
    return loadKeySet(placeOf(path)).digest;
  });
  assert.equal(digests[0], digests[1]);
});

test('the variable in messages is the one of the configuration', async () => {
  const { SAML_PASSPHRASE_VARIABLE, SECRET_VARIABLES } = await import('../../src/config/environment.ts');
  assert.equal(SAML_PASSPHRASE_VARIABLE, VARIABLE);
  assert.ok(SECRET_VARIABLES.has(VARIABLE));
});
