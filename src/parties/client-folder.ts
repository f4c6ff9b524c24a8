// Owns: registering OpenID Connect clients as files in the folder of parties, with secrets that are never written down.
// Leaves to client.ts: what a client may say; to cli/: words and exit codes.
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { relyingPartyHash } from '../core/relying-party.ts';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import { type Problem, ProblemsError } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import { type Client, readClient } from './client.ts';
import {
  CLIENT_SECRET_MAX_CHARACTERS,
  CLIENT_SECRET_MIN_CHARACTERS,
  hashClientSecret,
  newClientSecret,
} from './client-secret.ts';
import { isProblems, readValue } from './party-document.ts';
import { PartyFolderError, slugOf } from './party-folder.ts';
import { openPartyRegistry, type PartyRegistry } from './party-registry.ts';

export interface AddedClient {
  readonly client: Client;
  readonly file: string;
  /** Made here, and kept nowhere: to be shown once. */
  readonly secret: string | null;
  /** The client was there before. */
  readonly replaced: boolean;
}

export interface AddClientOptions {
  /** Names the document in problems. */
  readonly source: string;
  /** Write over the file of a client that is there. */
  readonly replace: boolean;
  /** Make another secret, though the client that is there has one. */
  readonly newSecret: boolean;
  readonly random: Random;
}

type Document = Readonly<Record<string, unknown>>;

/**
 * Registers the client of an RFC 7591 document. Without client_id it gets one; without a secret that it needs it keeps the
 * one it had, or gets one.
 * @throws ProblemsError with everything that is wrong with it; PartyFolderError when the folder does not allow it.
 */
export async function addClient(folder: string, text: string, options: AddClientOptions): Promise<AddedClient> {
  const { source, random, replace } = options;
  const given = readValue(text, source, asDocument);
  if (isProblems(given)) throw new ProblemsError(given);
  const document = { client_id: encodeBase64url(random(16)), ...given };
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, '.parties'), async () => {
    const registry = await openPartyRegistry(folder);
    const before = typeof document.client_id === 'string' ? registry.findClient(document.client_id) : undefined;
    const { hashed, secret, problems } = withoutSecret(document, before, options);
    const client = readClient(hashed, source);
    if (isProblems(client)) throw new ProblemsError([...problems, ...client]);
    if (problems.length > 0) throw new ProblemsError(problems);
    const file = await fileOf(folder, registry, client, before, replace);
    const content = file.endsWith('.json') ? `${JSON.stringify(hashed, null, 2)}\n` : stringify(hashed);
    await writeAtomically(join(folder, file), Buffer.from(content, 'utf8'), { mode: 0o644 });
    return { client, file, secret, replaced: before !== undefined };
  });
}

function asDocument(value: unknown, path: string): Document | readonly Problem[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Document)
    : [{ path, found: 'something else', wanted: 'client metadata (RFC 7591)' }];
}

/** The document as it may be kept; what is wrong with a secret is said without showing it. */
function withoutSecret(
  document: Document,
  before: Client | undefined,
  { source, random, newSecret }: AddClientOptions,
): { readonly hashed: Document; readonly secret: string | null; readonly problems: readonly Problem[] } {
  const { client_secret: given, ...rest } = document;
  const needed = String(rest.token_endpoint_auth_method ?? 'client_secret_basic').startsWith('client_secret_');
  const path = `${source}: client_secret`;
  const keep = (hash: string) => ({ hashed: { ...rest, client_secret_hash: hash }, secret: null, problems: [] });
  const wrong = (found: string, wanted: string) => ({
    hashed: needed ? { ...rest, client_secret_hash: hashClientSecret('', random) } : rest,
    secret: null,
    problems: [{ path, found, wanted }],
  });
  if (given !== undefined) {
    if (!needed) return wrong('a secret', `none: token_endpoint_auth_method is ${rest.token_endpoint_auth_method}`);
    if (rest.client_secret_hash !== undefined) return wrong('client_secret_hash as well', 'one of the two');
    if (typeof given !== 'string') return wrong('something else', 'text');
    if (given.length < CLIENT_SECRET_MIN_CHARACTERS || given.length > CLIENT_SECRET_MAX_CHARACTERS) {
      const range = `${CLIENT_SECRET_MIN_CHARACTERS} to ${CLIENT_SECRET_MAX_CHARACTERS} random characters`;
      return wrong(`${given.length} characters`, `${range}, or no client_secret: then one is made`);
    }
    return keep(hashClientSecret(given, random));
  }
  if (!needed || rest.client_secret_hash !== undefined) return { hashed: rest, secret: null, problems: [] };
  const kept = newSecret ? undefined : before?.metadata.client_secret_hash;
  if (kept !== undefined) return keep(kept);
  const secret = newClientSecret(random);
  return { ...keep(hashClientSecret(secret, random)), secret };
}

/** The file that has this client, or the one that it gets. */
async function fileOf(
  folder: string,
  registry: PartyRegistry,
  { relyingParty: { key }, hash, metadata }: Client,
  before: Client | undefined,
  replace: boolean,
): Promise<string> {
  const clientId = metadata.client_id;
  if (before !== undefined) {
    if (replace) return before.source;
    throw new PartyFolderError(`${before.source} has the client '${clientId}' already; --replace writes over it`);
  }
  const namesake = registry.relyingPartyByHash(hash);
  if (namesake !== undefined && namesake.key !== key) {
    throw new PartyFolderError(`'${clientId}' has the same 6-byte hash as ${namesake.key}: choose another client_id`);
  }
  const file = clientFileName(clientId);
  // Of another client, or of one that cannot be read: neither is to be lost by accident.
  const holder = registry.clients().find((client) => client.source === file);
  if (holder !== undefined) throw new PartyFolderError(`${file} already holds '${holder.metadata.client_id}'`);
  if (!replace && (await exists(join(folder, file)))) {
    throw new PartyFolderError(`${file} is there already and cannot be read; --replace writes over it`);
  }
  return file;
}

/** `wiki.client.yaml`; for an id that is no file name, with some of its hash, so that two ids never share one. */
function clientFileName(clientId: string): string {
  const slug = slugOf(clientId);
  const name = slug === clientId ? slug : `${slug || 'client'}-${relyingPartyHash(`oidc:${clientId}`).slice(0, 6)}`;
  return `${name}.client.yaml`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
