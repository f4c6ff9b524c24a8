import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { boundOutput } from '../../src/audit/bounded-output.ts';

/** A pipe whose reader takes nothing until it is told to. */
function stage(maxBytes: number) {
  const read: string[] = [];
  const held: ((error?: Error) => void)[] = [];
  const state = { reads: true };
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const take = (error?: Error): void => {
        if (error === undefined) read.push(chunk.toString());
        done(error);
      };
      if (state.reads) take();
      else held.push(take);
    },
  });
  const broken: string[] = [];
  const seen = { lost: 0 };
  const output = boundOutput({
    to,
    maxBytes,
    onBroken: ({ message }) => broken.push(message),
    onLost: () => {
      seen.lost += 1;
    },
  });
  const readAgain = (): void => {
    state.reads = true;
    for (const take of held.splice(0)) take();
  };
  const end = (): void => {
    for (const take of held.splice(0)) take(new Error('write EPIPE'));
  };
  return { output, read, state, seen, broken, readAgain, end };
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('lines go on in their order', async () => {
  const { output, read, seen } = stage(100);
  for (const line of ['a\n', 'b\n', 'c\n']) output.write(line);
  await soon();
  assert.deepEqual([read, seen.lost], [['a\n', 'b\n', 'c\n'], 0]);
});

test('a reader that stops: so many bytes wait, the newest lines are lost and counted, and it goes on', async () => {
  const { output, read, seen, state, readAgain } = stage(10);
  state.reads = false;
  for (let n = 0; n < 9; n += 1) output.write(`${n}\n`);
  assert.equal(seen.lost, 4);
  readAgain();
  await soon();
  output.write('z\n');
  await soon();
  assert.deepEqual(read, ['0\n', '1\n', '2\n', '3\n', '4\n', 'z\n']);
});

// CWE-248: EPIPE on standard output is an event that ends a process which does not listen to it.
test('a reader that ends: said once, every line counted, nothing thrown', async () => {
  const { output, seen, broken, state, end } = stage(100);
  state.reads = false;
  output.write('waits\n');
  output.write('waits, too\n');
  end();
  await soon();
  for (let n = 0; n < 3; n += 1) output.write('late\n');
  await soon();
  assert.deepEqual(broken, ['write EPIPE']);
  assert.equal(seen.lost, 5);
});
