// Owns: `make proof`: keys change, nodes die, and nobody notices: on three real nodes in a minute, and with the real
// lifetimes on a virtual time. Prints what was measured; exit 1 when a zero is not zero. docs/operations.md, The proof.
import { readOptions, refuse } from './options.ts';
import { runLive } from './proof/live.ts';
import { type Faults, liveFaults, liveReport, simulationFaults, simulationReport, stories } from './proof/report.ts';
import { SABOTAGES } from './proof/sabotage.ts';
import { DEFAULT_SIMULATION, runSimulation } from './proof/simulation.ts';

const USAGE = `usage: make proof [ARGS="--sabotage ${SABOTAGES.join('|')}"]
  --sabotage  does to keys what one must not, to see that the table shows it; real nodes only`;
const values = readOptions(USAGE, { sabotage: { type: 'string' } });
const sabotage = SABOTAGES.find((one) => one === values.sabotage) ?? null;
if (values.sabotage !== undefined && sabotage === null) {
  refuse(`--sabotage: found '${values.sabotage}'; wanted one of ${SABOTAGES.join(', ')}`, USAGE);
}

const live = await runLive({ sabotage, say: (line) => console.log(line) });
console.log(`\n${liveReport(live)}\n`);
for (const story of stories(live.tally)) console.log(story);
const faults: Faults = [...liveFaults(live), ...(sabotage === null ? await simulate() : [])];
console.log(faults.length === 0 ? 'Every zero is a zero.' : ['NOT PROVED:', ...faults].join('\n  '));
process.exitCode = faults.length === 0 ? 0 : 1;

async function simulate(): Promise<Faults> {
  const result = await runSimulation(DEFAULT_SIMULATION);
  console.log(`${simulationReport(result, DEFAULT_SIMULATION)}\n`);
  for (const story of stories(result.tally)) console.log(story);
  return simulationFaults(result);
}
