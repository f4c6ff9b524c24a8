// Owns: `signet parties`: registering service providers by their metadata. Leaves to parties/: files and rules.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readConfig } from '../config/read-config.ts';
import { formatProblem } from '../lib/problems.ts';
import type { Party } from '../parties/party.ts';
import { importParty, listParties, PartyFolderError, removeParty } from '../parties/party-folder.ts';
import { formatInstant } from '../saml/date-time.ts';
import { CliFailure, type CliIo } from './io.ts';

interface ConfigOption {
  readonly config: string;
}

const CONFIG = ['--config <file>', 'the configuration', 'signet.yaml'] as const;

export function addPartiesCommand(program: Command, io: CliIo): void {
  const parties = program.command('parties').description('service providers, by their SAML metadata');
  parties
    .command('import')
    .description('register a service provider, or replace its metadata')
    .argument('<file>', 'SAML metadata; - reads standard input')
    .option(...CONFIG)
    .action((file: string, options: ConfigOption) => importOne(io, file, options));
  parties
    .command('list')
    .description('who is registered, and what is wrong with the folder')
    .option('--json', 'for programs')
    .option(...CONFIG)
    .action((options: ConfigOption & { readonly json?: true }) => list(io, options));
  parties
    .command('remove')
    .description('forget a service provider: its metadata and its settings')
    .argument('<entityID>', 'as `list` shows it')
    .option(...CONFIG)
    .action((entityId: string, options: ConfigOption) => remove(io, entityId, options));
}

async function importOne(io: CliIo, file: string, options: ConfigOption): Promise<void> {
  const { parties } = readConfig(options.config, io.environment);
  const bytes = file === '-' ? Buffer.from(await io.readStdin(), 'utf8') : readFileSync(file);
  const source = file === '-' ? 'standard input' : file;
  const imported = await failingForPeople(() => importParty(parties.folder, bytes, source));
  const verb = imported.replaced ? 'replaced' : 'written';
  for (const entityId of imported.entityIds) io.out(`${entityId}\n`);
  io.out(`${verb} ${imported.file}; every node knows within ${parties.poll} s\n`);
}

async function list(io: CliIo, options: ConfigOption & { readonly json?: true }): Promise<void> {
  const { parties: settings } = readConfig(options.config, io.environment);
  const { parties, problems } = await listParties(settings.folder);
  if (options.json === true) io.out(`${JSON.stringify(parties.map(summary), null, 2)}\n`);
  else for (const party of parties) io.out(line(party));
  for (const problem of problems) io.err(`${formatProblem(problem)}\n`);
  if (problems.length > 0) throw new CliFailure(`${problems.length} problems`);
}

async function remove(io: CliIo, entityId: string, options: ConfigOption): Promise<void> {
  const { parties } = readConfig(options.config, io.environment);
  const removed = await failingForPeople(() => removeParty(parties.folder, entityId));
  io.out(`removed ${removed.join(' and ')}; every node knows within ${parties.poll} s\n`);
}

function summary({ metadata, relyingParty, source }: Party) {
  const { entityId, validUntil, defaultAssertionConsumerService } = metadata;
  return {
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

/** A change that the folder does not allow is the asker's to solve, not a fault. */
async function failingForPeople<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PartyFolderError) throw new CliFailure(error.message, 2);
    throw error;
  }
}
