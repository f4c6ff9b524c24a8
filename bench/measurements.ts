// Owns: which measurements there are, and how long each takes. Every load is bounded in count or in time.
import { measureCas } from './cas-flows.ts';
import { measureDocuments } from './documents.ts';
import type { Folder } from './identity-provider.ts';
import { measureSealing, measureSigning } from './in-process.ts';
import { measureFlood, measureLogins } from './logins.ts';
import { measureMemory } from './memory.ts';
import { measureOidc } from './oidc-flows.ts';
import { measureSlowDirectory } from './slow-directory.ts';
import type { Row } from './table.ts';
import { measureTwoFactors } from './two-factors.ts';
import { measureWarmSso } from './warm-sso.ts';

type Measure = (folder: Folder) => Promise<readonly Row[]>;

/** By the letter that `--only` takes, in the order in which they are made. */
export const MEASUREMENTS: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  [
    'a',
    (folder) =>
      measureWarmSso(folder, { rounds: 5, connections: 16, requests: 4000, peerRequests: 500, rsaSeconds: 1 }),
  ],
  ['b', (folder) => measureSigning(folder, { rounds: 3, milliseconds: 700 })],
  ['c', (folder) => measureSealing(folder, { rounds: 3, milliseconds: 700 })],
  ['d', (folder) => measureLogins(folder, { rounds: 3, mostRounds: 6, seconds: 4, concurrency: 8 })],
  [
    'e',
    (folder) => measureFlood(folder, { rounds: 2, mostRounds: 4, seconds: 6, ssoPerSecond: 100, loginsPerSecond: 100 }),
  ],
  ['g', (folder) => measureTwoFactors(folder, { rounds: 2, mostRounds: 4, seconds: 25, quickSeconds: 8, share: 0.4 })],
  ['h', (folder) => measureSlowDirectory(folder, { rounds: 3, mostRounds: 6, seconds: 4, ssoPerSecond: 100 })],
  ['i', (folder) => measureCas(folder, { rounds: 5, connections: 8, flows: 1000, bareFlows: 4000, signedFlows: 250 })],
  [
    'j',
    (folder) =>
      measureDocuments(folder, { rounds: 4, mostRounds: 8, seconds: 4, ssoPerSecond: 200, documentsPerSecond: 100 }),
  ],
  ['o', (folder) => measureOidc(folder, { rounds: 5, mostRounds: 8, connections: 8, flows: 300 })],
  ['f', (folder) => measureMemory(folder, { warmUp: 60_000, sessions: 200_000, maxSeconds: 400 })],
]);
