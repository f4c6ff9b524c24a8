// Owns: what `signet parties` does. Leaves to parties/: files and rules.
import { readConfig } from '../config/read-config.ts';
import { formatProblem } from '../lib/problems.ts';
import type { Client } from '../parties/client.ts';
import { addClient } from '../parties/client-folder.ts';
import type { Party } from '../parties/party.ts';
import { importParty, listParties, NoSuchPartyError, PartyFolderError, removeParty } from '../parties/party-folder.ts';
import type { Service } from '../parties/service.ts';
import { addService } from '../parties/service-folder.ts';
import { formatInstant } from '../saml/date-time.ts';
import { CliFailure, type CliIo, counted, readInput } from './io.ts';

export interface ConfigOption {
  readonly config: string;
}

export interface AddClientFlags {
  readonly replace?: true;
  readonly newSecret?: true;
  readonly json?: true;
}

export async function importOne(io: CliIo, file: string, options: ConfigOption): Promise<void> {
  const { parties } = readConfig(options.config, io.environment);
  const bytes = await readInput(io, file);
  const source = file === '-' ? 'standard input' : file;
  const imported = await failingForPeople(() => importParty(parties.folder, bytes, source));
  const verb = imported.replaced ? 'replaced' : 'written';
  for (const entityId of imported.entityIds) io.out(`${entityId}\n`);
  io.out(`${verb} ${imported.file}; every node knows within ${parties.poll} s\n`);
}

export async function list(io: CliIo, options: ConfigOption & { readonly json?: true }): Promise<void> {
  const { parties: settings } = readConfig(options.config, io.environment);
  const { parties, clients, services, problems } = await listParties(settings.folder);
  const all = [...parties.map(summary), ...clients.map(clientSummary), ...services.map(serviceSummary)];
  if (options.json === true) io.out(`${JSON.stringify(all, null, 2)}\n`);
  else io.out([...parties.map(line), ...clients.map(clientLine), ...services.map(serviceLine)].join(''));
  for (const problem of problems) io.err(`${formatProblem(problem)}\n`);
  if (problems.length > 0) throw new CliFailure(counted(problems.length, 'problem'));
}

export async function addOne(io: CliIo, file: string, options: ConfigOption & AddClientFlags): Promise<void> {
  const { parties } = readConfig(options.config, io.environment);
  const text = (await readInput(io, file)).toString('utf8');
  const flags = { replace: options.replace ?? false, newSecret: options.newSecret ?? false };
  const source = file === '-' ? 'standard input' : file;
  const added = await failingForPeople(() => addClient(parties.folder, text, { ...flags, source, random: io.random }));
  const { client, secret } = added;
  const clientId = client.metadata.client_id;
  if (options.json === true) {
    // RFC 7591 §3.2.1: what a client's own set-up wants to know.
    const shown = secret === null ? {} : { client_secret: secret, client_secret_expires_at: 0 };
    io.out(`${JSON.stringify({ client_id: clientId, ...shown, file: added.file }, null, 2)}\n`);
    return;
  }
  io.out(`client_id      ${clientId}\n`);
  if (secret !== null) io.out(`client_secret  ${secret}   (shown once)\n`);
  const verb = added.replaced ? 'replaced' : 'written';
  io.out(`${verb} ${added.file}; every node knows within ${parties.poll} s\n`);
}

export interface AddServiceFlags {
  readonly name?: string;
  readonly language?: string;
  readonly portal: boolean;
  readonly exact?: true;
  readonly user?: string;
  readonly attribute?: readonly string[];
  readonly callback?: readonly string[];
}

export async function addOneService(io: CliIo, url: string, options: ConfigOption & AddServiceFlags): Promise<void> {
  const { parties } = readConfig(options.config, io.environment);
  const { name, language, portal, exact, user, attribute, callback } = options;
  const document = {
    url,
    ...(name === undefined ? {} : { name }),
    ...(language === undefined ? {} : { language }),
    ...(portal ? {} : { portal }),
    ...(exact === undefined ? {} : { match: 'exact' }),
    ...(user === undefined ? {} : { user }),
    ...(attribute === undefined ? {} : { attributes: attribute }),
    ...(callback === undefined ? {} : { proxy: { callbackUrls: callback } }),
  };
  const { file } = await failingForPeople(() => addService(parties.folder, document));
  io.out(`${url}\nwritten ${file}; every node knows within ${parties.poll} s\n`);
}

export async function remove(io: CliIo, name: string, options: ConfigOption): Promise<void> {
  const { parties } = readConfig(options.config, io.environment);
  const removed = await failingForPeople(() => removeParty(parties.folder, name));
  io.out(`removed ${removed.join(' and ')}; every node knows within ${parties.poll} s\n`);
}

function summary({ metadata, relyingParty, source }: Party) {
  const { entityId, validUntil, defaultAssertionConsumerService } = metadata;
  return {
    kind: 'saml',
    entityId,
    displayName: relyingParty.displayName,
    returnAddress: defaultAssertionConsumerService.url,
    validUntil: validUntil === null ? null : formatInstant(validUntil),
    encrypts: metadata.encryptionKeys.length > 0,
    signsRequests: metadata.authnRequestsSigned,
    file: source,
  };
}

function line(party: Party): string {
  const { entityId, displayName, returnAddress, validUntil, file } = summary(party);
  const until = validUntil === null ? '' : `  valid until ${validUntil}`;
  return `${entityId}\n  ${displayName}, ${returnAddress}  ${file}${until}\n`;
}

/** Named field by field: not even the hash of a secret is shown. */
function clientSummary({ metadata, relyingParty, source }: Client) {
  return {
    kind: 'oidc',
    clientId: metadata.client_id,
    displayName: relyingParty.displayName,
    redirectUris: metadata.redirect_uris,
    authentication: metadata.token_endpoint_auth_method,
    file: source,
  };
}

function clientLine(client: Client): string {
  const { clientId, displayName, redirectUris, authentication, file } = clientSummary(client);
  return `${clientId}\n  ${displayName}, ${redirectUris.join(' ')}  ${authentication}  ${file}\n`;
}

function serviceSummary({ settings, relyingParty, source }: Service) {
  const { url, match, proxy } = settings;
  const { displayName } = relyingParty;
  return { kind: 'cas', url, match, displayName, callbackUrls: proxy.callbackUrls, file: source };
}

function serviceLine(service: Service): string {
  const { url, match, displayName, callbackUrls, file } = serviceSummary(service);
  const proxy = callbackUrls.length === 0 ? '' : `, proxy by ${callbackUrls.join(' ')}`;
  return `${url}\n  ${displayName}, ${match === 'exact' ? 'exactly' : 'and under it'}${proxy}  ${file}\n`;
}

/** A change that the folder does not allow is the asker's to solve, not a fault. */
async function failingForPeople<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NoSuchPartyError) throw new CliFailure(error.message);
    if (error instanceof PartyFolderError) throw new CliFailure(error.message, 2);
    throw error;
  }
}
