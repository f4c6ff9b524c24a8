// Owns: opening one protocol's set of signing keys and following it. Leaves to signing-sets.ts: where it is and what it may hold.
import type { Config } from '../config/config.ts';
import { formatProblem, type Problems } from '../lib/problems.ts';
import { type KeySetEvent, openKeySetFolder, type SigningKeySource } from '../signing/followed-key-set.ts';
import type { PartEvent, PartsContext } from './parts-context.ts';
import { SIGNING_SETS, type SigningSetName, signingKeyWarnings } from './signing-sets.ts';

export function openSigning(
  config: Config,
  name: SigningSetName,
  pollSeconds: number,
  { clock, onEvent }: PartsContext,
  warnings: Problems,
): SigningKeySource {
  const place = SIGNING_SETS[name].place(config);
  const source = openKeySetFolder({
    ...place,
    pollSeconds,
    clock,
    onEvent: (event) => onEvent(signingPartEvent(event)),
  });
  warnings.addAll(signingKeyWarnings(place, source.current(), clock()));
  return source;
}

function signingPartEvent(event: KeySetEvent): PartEvent {
  const part = 'signing-keys';
  if (event.kind === 'refused') return { part, level: 'error', message: event.problems.map(formatProblem).join('; ') };
  const { serial, current, waitingFor } = event;
  const message = `serial ${serial}, ${current.join(' and ')} signs`;
  if (waitingFor.length === 0) return { part, level: 'info', message };
  return { part, level: 'warn', message: `${message}; the private key of ${waitingFor.join(', ')} is not here yet` };
}
