// Owns: `make bench`: every measurement in turn, one table, an exit code. docs/performance.md says what each figure means.
import { parseArgs } from 'node:util';
import { type Folder, makeFolder, removeFolder } from './identity-provider.ts';
import { measureSealing, measureSigning } from './in-process.ts';
import { measureFlood, measureLogins } from './logins.ts';
import { describeMachine, load, pinMyself } from './machine.ts';
import { measureMemory } from './memory.ts';
import { measureOidc } from './oidc-flows.ts';
import { measureSlowDirectory } from './slow-directory.ts';
import { formatTable, type Row } from './table.ts';
import { measureTwoFactors } from './two-factors.ts';
import { measureWarmSso } from './warm-sso.ts';

/** Every load is bounded in count or in time; all of it takes eight minutes when the cores are free. */
const MEASUREMENTS: Readonly<Record<string, (folder: Folder) => Promise<readonly Row[]>>> = {
  a: (folder) =>
    measureWarmSso(folder, { rounds: 7, connections: 16, requests: 4000, peerRequests: 500, rsaSeconds: 1 }),
  b: (folder) => measureSigning(folder, { rounds: 3, milliseconds: 700 }),
  c: (folder) => measureSealing(folder, { rounds: 3, milliseconds: 700 }),
  d: (folder) => measureLogins(folder, { rounds: 3, seconds: 4, concurrency: 8 }),
  e: (folder) => measureFlood(folder, { rounds: 2, seconds: 8, ssoPerSecond: 100, loginsPerSecond: 100 }),
  g: (folder) => measureTwoFactors(folder, { rounds: 2, seconds: 15, share: 0.4 }),
  h: (folder) => measureSlowDirectory(folder, { rounds: 4, seconds: 4, ssoPerSecond: 100 }),
  o: (folder) => measureOidc(folder, { rounds: 5, connections: 8, flows: 300, documents: 2000 }),
  f: (folder) => measureMemory(folder, { warmUp: 20_000, sessions: 200_000, maxSeconds: 400 }),
};

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(MEASUREMENTS).join('') },
    'no-bars': { type: 'boolean', default: false },
  },
});

pinMyself();
const machine = describeMachine();
const loadBefore = load();
const folder = await makeFolder();
const rows: Row[] = [];
try {
  for (const [name, measure] of Object.entries(MEASUREMENTS)) {
    if (!options.only.includes(name)) continue;
    console.error(`measuring (${name}) …`);
    rows.push(...(await measure(folder)));
  }
} finally {
  await removeFolder(folder);
}
const { processor, cores, memoryGiB, kernel, node, openssl } = machine;
console.log(`\n${processor}, ${cores} cores, ${memoryGiB} GiB, ${kernel}; Node ${node}, OpenSSL ${openssl}\n`);
console.log(formatTable(rows));
if (loadBefore > 0.5) {
  console.log(
    `\nOther work was running before this began (load average ${loadBefore.toFixed(1)}): the figures are too low.`,
  );
}
if (!options['no-bars'] && rows.some(({ held }) => held === false)) process.exitCode = 1;
