// Owns: one measurement, in a process of its own on the client's core, whose memory and compiler know nothing of the
// measurements before. Takes the folder as JSON on standard input, prints its rows as JSON. Leaves to measurements.ts: which there are.
import { readFileSync } from 'node:fs';
import type { Folder } from './identity-provider.ts';
import { pinMyself } from './machine.ts';
import { MEASUREMENTS } from './measurements.ts';

const [name = ''] = process.argv.slice(2);
pinMyself();
const rows = await MEASUREMENTS.get(name)?.(JSON.parse(readFileSync(0, 'utf8')) as Folder);
process.stdout.write(JSON.stringify(rows ?? []));
