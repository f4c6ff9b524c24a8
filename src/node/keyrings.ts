// Owns: opening a node's keyrings and following them: their serials in the database, what the log has of them, a rotation that was
// forgotten, enrolments under keys that were revoked. Leaves to sealer/: what a keyring is; to disown-enrolments.ts: the disabling.
import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { disownEnrolments } from '../directories/disown-enrolments.ts';
import { formatProblem, type Problems } from '../lib/problems.ts';
import { type DataKeyringSource, openDataKeyringFile } from '../sealer/data-key-file.ts';
import { type KeyringEvent, type KeyringSource, openKeyringFile } from '../sealer/key-file.ts';
import { highestSerial, type RingName } from '../state/sql-meta.ts';
import { endSessionsOf } from './end-sessions.ts';
import type { PartEvent, PartsContext } from './parts-context.ts';
import type { SharedState } from './shared-state.ts';

export type Serials = Readonly<Record<RingName, number>>;

/** While the database is down, the configured minimum alone must do. */
export async function highestSerials(database: SharedState['database']): Promise<Serials> {
  const highest = async (ring: RingName): Promise<number> => {
    const serial = database === null ? 0 : await highestSerial(database, ring);
    return typeof serial === 'number' ? serial : 0;
  };
  return { keyring: await highest('keyring'), 'data-keyring': await highest('data-keyring') };
}

export function openKeyring(
  config: Config,
  { clock, onEvent }: PartsContext,
  serials: Serials,
  remember: (ring: RingName, serial: number) => void,
): KeyringSource {
  return openKeyringFile({
    path: config.keyring.file,
    realm: config.entityId,
    minSerial: Math.max(config.keyring.minSerial, serials.keyring),
    pollSeconds: config.keyring.poll,
    clock,
    onEvent: (event) => {
      if (event.kind === 'loaded') remember('keyring', event.serial);
      onEvent(keyringPartEvent(event));
    },
  });
}

/** A file that is there must be good; without a database none is needed. */
export function openDataKeyring(
  config: Config,
  { clock, onEvent }: PartsContext,
  serials: Serials,
  remember: (ring: RingName, serial: number) => void,
): DataKeyringSource | null {
  const { file: path, minSerial, poll } = config.dataKeyring;
  if (config.database.target === null && !existsSync(path)) return null;
  const part = 'data-keyring';
  return openDataKeyringFile({
    path,
    minSerial: Math.max(minSerial, serials[part]),
    pollSeconds: poll,
    clock,
    onEvent: (event) => {
      if (event.kind === 'loaded') remember(part, event.serial);
      onEvent(
        event.kind === 'loaded'
          ? { part, level: 'info', message: `serial ${event.serial}, key ${event.primaryKid} encrypts` }
          : { part, level: 'error', message: event.problems.map(formatProblem).join('; ') },
      );
    },
  });
}

function keyringPartEvent(event: KeyringEvent): PartEvent {
  switch (event.kind) {
    case 'loaded':
      return { part: 'keyring', level: 'info', message: `serial ${event.serial}, key ${event.primaryKid} seals` };
    case 'refused':
      return { part: 'keyring', level: 'error', message: event.problems.map(formatProblem).join('; ') };
    case 'overdue': {
      const [retired, ends] = [event.retired, event.ends].map((time) => new Date(time * 1000).toISOString());
      const message = `key ${event.kid} seals though it was to be rotated before ${retired}; it ends ${ends}: signet keys rotate`;
      return { part: 'keyring', level: 'warn', message };
    }
    default:
      return event satisfies never;
  }
}

/** A forgotten rotation does not keep a node from working; when the key ends it does. */
export function checkRotation(keyring: KeyringSource, path: string, warnings: Problems): void {
  const seals = keyring.status().primary;
  if (seals?.because !== 'overdue') return;
  warnings.add(path, `key ${seals.kid}, which should have been rotated, seals`, 'a newer key: signet keys rotate');
}

export function followRevokedKeys(
  config: Config,
  keyring: KeyringSource,
  database: SharedState['database'],
  { clock, onEvent }: PartsContext,
): (() => void) | null {
  if (database === null) return null;
  return disownEnrolments(database, {
    revokedKids: () => keyring.current().revoked.map(({ kid }) => kid),
    endSessions: (queries, accountId) => endSessionsOf(queries, config, accountId, clock()),
    onDisabled: (message) => onEvent({ part: 'database', level: 'warn', message }),
  });
}
