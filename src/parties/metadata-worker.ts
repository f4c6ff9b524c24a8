// Owns: the far side of metadata-reader.ts: reads a metadata file on a thread of its own and hands it over in slices, one for each
// time that it is asked. Public keys are cloneable, and everything else of a service provider is plain data.
import { parentPort } from 'node:worker_threads';
import { type MetadataFile, readMetadata } from '../saml/metadata-read.ts';
import { type Asked, SLICE_ENTRIES, type Slice } from './metadata-reader.ts';

let left: MetadataFile | null = null;

function next(): Slice {
  if (left === null) throw new Error('asked to go on before any file was given');
  const { serviceProviders, problems } = left;
  const first = <Entry>(all: readonly Entry[]): readonly Entry[] => all.slice(0, SLICE_ENTRIES);
  const rest = <Entry>(all: readonly Entry[]): readonly Entry[] => all.slice(SLICE_ENTRIES);
  const part = { ...left, serviceProviders: first(serviceProviders), problems: first(problems) };
  left = { ...left, serviceProviders: rest(serviceProviders), problems: rest(problems) };
  return { part, last: left.serviceProviders.length + left.problems.length === 0 };
}

parentPort?.on('message', (asked: Asked) => {
  if (asked !== 'more') left = readMetadata(asked.bytes, asked.source);
  parentPort?.postMessage(next());
});
