import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { foreignCores, machineSeconds, processSeconds, readCpu } from '../../bench/foreign-load.ts';

const READINGS: readonly {
  readonly name: string;
  readonly busy: number;
  readonly own: number;
  readonly seconds: number;
  readonly expect: number;
}[] = [
  { name: 'all of it was ours', busy: 4, own: 4, seconds: 2, expect: 0 },
  { name: 'one core for us, one for others', busy: 4, own: 2, seconds: 2, expect: 1 },
  { name: 'both cores for others', busy: 4, own: 0, seconds: 2, expect: 2 },
  { name: 'a clock tick between the two counters is nobody’s work', busy: 1.99, own: 2, seconds: 1, expect: 0 },
  { name: 'no time has passed', busy: 1, own: 0, seconds: 0, expect: 0 },
];

for (const { name, busy, own, seconds, expect } of READINGS) {
  test(`cores that others had: ${name}`, () => {
    const before = { busy: 1000, own: 10, at: 50 };
    const after = { busy: 1000 + busy, own: 10 + own, at: 50 + seconds };
    assert.equal(foreignCores(before, after), expect);
  });
}

test('the machine’s seconds: work and stolen time, neither idling nor interrupts', () => {
  const stat = 'cpu  200 100 50 9000 700 30 20 25 11 7\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  assert.equal(machineSeconds(stat), (200 + 100 + 50 + 25) / 100);
});

test('a process’s seconds: its own, and those of children that have ended; its name may hold anything', () => {
  const stat = '4711 (odd) name (x) S 1 4711 4711 0 -1 4194304 900 100 0 0 250 50 30 20 20 0 11 0 1234 5678 90';
  assert.deepEqual(processSeconds(stat), { itself: 3, ended: 0.5 });
});

test('work of a child that has ended is our own', async () => {
  const before = readCpu();
  const burn = 'const end = performance.now() + 400; while (performance.now() < end);';
  await once(spawn(process.execPath, ['-e', burn]), 'exit');
  const after = readCpu();
  assert.ok(after.own - before.own > 0.05, `${after.own - before.own} s`);
  assert.ok(after.busy - before.busy > 0.05, `${after.busy - before.busy} s`);
});
