import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWriteBehind, WAITING_MAX } from '../../src/state/write-behind.ts';

/** A store that can be down, refuse, or keep everybody waiting. */
function stage() {
  const state = { down: false, broken: false, hold: null as Promise<void> | null };
  const written: number[] = [];
  const batches: number[] = [];
  const faults: unknown[] = [];
  const queue = createWriteBehind<number>({
    onFault: (error) => faults.push(error),
    write: async (rows) => {
      await state.hold;
      if (state.broken) throw new Error('never');
      if (state.down) return false;
      batches.push(rows.length);
      written.push(...rows);
      return true;
    },
  });
  return { state, written, batches, faults, queue };
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

test('rows are written in their order, in batches, each once', async () => {
  const { queue, written, batches } = stage();
  for (const n of numbers(450)) queue.add(n);
  await queue.close();
  await queue.close();
  assert.deepEqual(written, numbers(450));
  assert.deepEqual(batches, [200, 200, 50]);
  assert.equal(queue.lost(), 0);
});

test('they are written within seconds without anybody asking', async () => {
  const { queue, written } = stage();
  queue.add(7);
  for (let n = 0; n < 100 && written.length === 0; n += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(written, [7]);
  await queue.close();
});

test('while nobody answers they wait; over the cap the newest are left out and counted', async () => {
  const { queue, state, written } = stage();
  state.down = true;
  for (const n of numbers(WAITING_MAX + 5)) queue.add(n);
  await queue.close();
  assert.deepEqual([written.length, queue.lost()], [0, 5]);
  state.down = false;
  await queue.close();
  assert.deepEqual([written.length, written.at(-1), queue.lost()], [WAITING_MAX, WAITING_MAX - 1, 5]);
});

// CWE-248: a row that no database takes must neither end the node nor keep the others waiting for ever.
test('what is refused for good is left out, counted and said; what comes later is written', async () => {
  const { queue, state, written, faults } = stage();
  state.broken = true;
  for (const n of numbers(3)) queue.add(n);
  await queue.close();
  assert.deepEqual([faults.length, queue.lost()], [1, 3]);
  state.broken = false;
  queue.add(9);
  await queue.close();
  assert.deepEqual(written, [9]);
});

test('adding waits for nothing, though the store holds everybody up', async () => {
  const { queue, state, written } = stage();
  let free = (): void => {};
  state.hold = new Promise((resolve) => {
    free = resolve;
  });
  queue.add(1);
  const closed = queue.close();
  queue.add(2);
  assert.deepEqual(written, []);
  free();
  await closed;
  assert.deepEqual(written, [1, 2]);
});
