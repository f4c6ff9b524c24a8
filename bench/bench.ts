// Owns: `make bench`: every measurement in turn, one report, an exit code. docs/performance.md says what each figure means.
import { fileURLToPath } from 'node:url';
import { readOptions, refuse } from '../scripts/options.ts';
import { runToEnd } from '../scripts/processes.ts';
import { FOREIGN_CORES, foreignCores, readCpu } from './foreign-load.ts';
import { type Folder, makeFolder, removeFolder } from './identity-provider.ts';
import { describeMachine, load, requireTwoCores } from './machine.ts';
import { MEASUREMENTS } from './measurements.ts';
import { formatTable, type Row } from './table.ts';

const MEASURE = fileURLToPath(new URL('./measure.ts', import.meta.url));

const USAGE = `usage: node bench/bench.ts [--only LETTERS] [--no-bars]
  --only LETTERS  some of ${[...MEASUREMENTS.keys()].join('')}; docs/performance.md says what each is
  --no-bars       exit 0 also when a bar is missed`;
const options = readOptions(USAGE, {
  only: { type: 'string', default: [...MEASUREMENTS.keys()].join('') },
  'no-bars': { type: 'boolean', default: false },
});
const unknown = [...options.only].filter((name) => !MEASUREMENTS.has(name));
if (unknown.length > 0) refuse(`--only: there is no (${unknown.join('), (')})`, USAGE);

requireTwoCores();
const machine = describeMachine();
const [loadBefore, cpuBefore] = [load(), readCpu()];
const folder = await makeFolder();
const rows: Row[] = [];
try {
  for (const name of MEASUREMENTS.keys()) {
    if (options.only.includes(name)) rows.push(...(await measure(name, folder)));
  }
} finally {
  await removeFolder(folder);
}
report();
if (!options['no-bars'] && rows.some(({ held }) => held === false)) process.exitCode = 1;

/** One that fails is a row as well: the others are not lost with it. */
async function measure(name: string, folder: Folder): Promise<readonly Row[]> {
  const before = readCpu();
  process.stderr.write(`measuring (${name}) … `);
  const made = await runToEnd(process.execPath, [MEASURE, name], { input: JSON.stringify(folder) }).then(
    (text) => JSON.parse(text) as readonly Row[],
    (error: unknown): readonly Row[] => {
      const text = error instanceof Error ? error.message : String(error);
      console.error(text);
      const why = /^(?:\w*Error: )(.*)$/m.exec(text)?.[1] ?? '';
      return [{ what: `(${name})`, value: 'failed', comparedWith: why, ratio: '', bar: '', held: false }];
    },
  );
  const after = readCpu();
  const foreign = foreignCores(before, after);
  console.error(`${Math.round(after.at - before.at)} s, others had ${foreign.toFixed(2)} cores`);
  return made.map((row) => ({ ...row, loaded: row.loaded ?? foreign > FOREIGN_CORES }));
}

/** Markdown, to go into docs/performance.md as it is. */
function report(): void {
  const { processor, cores, memoryGiB, kernel, node, openssl } = machine;
  const cpuAfter = readCpu();
  const minutes = ((cpuAfter.at - cpuBefore.at) / 60).toFixed(1);
  const foreign = foreignCores(cpuBefore, cpuAfter).toFixed(2);
  const day = new Date().toISOString().slice(0, 10);
  console.log(`
${processor}, ${cores} cores, ${memoryGiB} GiB, ${kernel}; Node ${node}, OpenSSL ${openssl}.
${day}, ${minutes} minutes. Load average ${loadBefore.toFixed(1)} as it began and ${load().toFixed(1)} as it ended, its own work included; other work had ${foreign} cores on average.

${formatTable(rows)}`);
}
