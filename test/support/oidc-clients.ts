// Owns: the clients that attacks are tried on, and a database that sibling nodes share.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUnavailable } from '../../src/core/account.ts';
import { openDatabase } from '../../src/database/database.ts';
import { migrate } from '../../src/database/migrations.ts';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { targetOf } from './databases.ts';
import { CALLBACK, ClientKey } from './oidc.ts';
import { NOW, type OneNodeOptions } from './one-node.ts';

export const SECRET = 'a-secret-of-at-least-thirty-two-characters';
export const API = 'https://api.example.org';
export const OTHER_API = 'https://other-api.example.org';
export const AFTERWARDS = 'https://wiki.example.org/signed-out';
/** Of the clients `bank` and `shop`. */
export const BANK_KEY = new ClientKey();
export const SHOP_KEY = new ClientKey();

const confidential = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: [AFTERWARDS],
  grant_types: ['authorization_code', 'refresh_token'],
  signet: { resources: [API, OTHER_API] },
};
const signing = { token_endpoint_auth_method: 'private_key_jwt', redirect_uris: [CALLBACK] };

/** Two confidential ones, two public ones, two that sign with keys, and one from before PKCE. */
export async function attackedClients(): Promise<NonNullable<OneNodeOptions['clients']>> {
  return [
    { client_id: 'wiki', ...confidential },
    { client_id: 'other', ...confidential },
    {
      client_id: 'spa',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    },
    {
      client_id: 'app',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/cb', 'org.example.app:/cb'],
      subject_type: 'public',
    },
    { client_id: 'bank', ...signing, jwks: { keys: [await BANK_KEY.jwk()] } },
    { client_id: 'shop', ...signing, jwks: { keys: [await SHOP_KEY.jwk()] } },
    { client_id: 'old', ...confidential, signet: { pkce: 'optional' } },
  ];
}

export interface SharedDatabase {
  readonly url: string;
  readonly remove: () => Promise<void>;
}

/** A SQLite file with all tables, for several nodes. */
export async function sharedDatabase(): Promise<SharedDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-shared-'));
  const url = `sqlite:${join(folder, 'signet.db')}`;
  const database = openDatabase({
    target: targetOf(url),
    mayCreate: true,
    poolSize: 1,
    connectTimeout: 5,
    statementTimeout: 5,
    ca: null,
    applicationName: 'signet test',
    onEvent: () => {},
  });
  const outcome = await migrate(database, NOW);
  await database.close();
  if (isUnavailable(outcome)) throw new Error('no database');
  return { url, remove: () => rm(folder, { recursive: true, force: true }) };
}
