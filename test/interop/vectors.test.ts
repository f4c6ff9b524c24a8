// The reader in another language holds the pinned vectors, opens no mutant of one, and would say so if it were otherwise.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decoder, requireDecoder } from './signet.ts';

interface VectorFile {
  readonly purposes: Readonly<Record<string, object>>;
  readonly keys: object;
  readonly vectors: readonly {
    readonly token: string;
    readonly body: string;
    readonly aad: string;
    readonly iat: number;
  }[];
  readonly refused: readonly { readonly twin_that_opens: object }[];
}

const VECTORS = join(import.meta.dirname, '../vectors/sealed_values.json');

/** SHAKE-128 of nothing, 32 bytes. */
const NOTHING = '7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26';

const file = JSON.parse(readFileSync(VECTORS, 'utf8')) as VectorFile;

test('the pinned vectors hold, and none of their mutants opens', (t) => {
  if (!requireDecoder(t)) return;
  const { ok, stdout, stderr } = decoder(['vectors', VECTORS]);
  assert.ok(ok, stderr);
  const counts = JSON.parse(stdout.toString()) as Readonly<Record<'vectors' | 'refused' | 'mutants', number>>;
  assert.deepEqual([counts.vectors, counts.refused], [file.vectors.length, file.refused.length]);
  assert.ok(counts.mutants > file.vectors.length * 1000, `${counts.mutants}`);
});

const [vector] = file.vectors;
const [refused] = file.refused;
assert.ok(vector && refused);
const damages: readonly { readonly name: string; readonly change: object; readonly says: string }[] = [
  {
    name: 'a token',
    change: { vectors: [{ ...vector, token: `${vector.token.slice(0, -2)}AA` }] },
    says: 'session: token',
  },
  {
    name: 'a body',
    change: { vectors: [{ ...vector, body: `${vector.body.slice(0, -2)}00` }] },
    says: 'session: plaintext',
  },
  {
    name: 'additional data',
    change: { vectors: [{ ...vector, aad: `00${vector.aad.slice(2)}` }] },
    says: 'session: aad',
  },
  { name: 'an iat', change: { vectors: [{ ...vector, iat: vector.iat + 1 }] }, says: 'session: plaintext' },
  { name: 'a realm', change: { keys: { ...file.keys, realm: 'https://idp.example.com' } }, says: 'key' },
  {
    name: 'a refused value that opens',
    change: { refused: [{ ...refused, ...refused.twin_that_opens }] },
    says: 'padding not zero: refused',
  },
  {
    name: 'a limit',
    change: { purposes: { ...file.purposes, 'cas-st': { ...file.purposes['cas-st'], bucket: 64 } } },
    says: 'limits of cas-st',
  },
];
for (const { name, change, says } of damages) {
  test(`the decoder would say so if ${name} were another`, (t) => {
    if (!requireDecoder(t)) return;
    const folder = mkdtempSync(join(tmpdir(), 'signet-vectors-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'vectors.json');
    // The accumulated test takes seconds, and its own row is the whole file above.
    writeFileSync(
      path,
      JSON.stringify({ ...file, ...change, c2sp_accumulated: { iterations: 0, shake128_32: NOTHING } }),
    );
    const { ok, stderr } = decoder(['vectors', path]);
    assert.equal(ok, false);
    assert.equal(stderr, `refused: vector: ${says}\n`);
  });
}
