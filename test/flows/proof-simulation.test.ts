// `make proof` with the real lifetimes on a virtual time: zeros, and no zeros where a file comes after its key has begun.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulationFaults, simulationReport, stories } from '../../scripts/proof/report.ts';
import { DEFAULT_SIMULATION, runSimulation } from '../../scripts/proof/simulation.ts';

test('105 days with every default, clocks a minute apart: nobody is signed out', async (t) => {
  const result = await runSimulation(DEFAULT_SIMULATION);
  t.diagnostic(`\n${simulationReport(result, DEFAULT_SIMULATION)}`);
  assert.deepEqual([...simulationFaults(result), ...stories(result.tally)], []);
  assert.equal(result.gone, 2);
  // What the waiting is for: the others open what the first one seals, while the key still waits by their own clock.
  assert.ok(result.keys.some(({ opened }) => opened.session.waiting > 0));
  assert.ok(result.keys.some(({ opened }) => opened.flow.retired > 0));
});

test('a file that reaches one node two hours after it was written, an hour after its key began, is seen', async () => {
  const result = await runSimulation({ delays: [4, 61, 7200], prunes: 0 });
  assert.ok(result.tally.failures.length + result.tally.logouts.length > 5, 'people are asked again, or fail');
  assert.ok(result.refusals > 5, 'values that did not open');
  assert.match(simulationFaults(result).join('\n'), /did not open/);
});
