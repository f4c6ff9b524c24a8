// Owns: `signet parties`: its commands and options: service providers and OpenID Connect clients by their metadata, CAS
// services. Leaves to parties-run.ts: what they do.
import type { Command } from 'commander';
import type { CliIo } from './io.ts';
import type { AddClientFlags, AddServiceFlags, ConfigOption } from './parties-run.ts';

const work = () => import('./parties-run.ts');

const CONFIG = ['--config <file>', 'the configuration', 'signet.yaml'] as const;

export function addPartiesCommand(program: Command, io: CliIo): void {
  const parties = program
    .command('parties')
    .description('service providers and OpenID Connect clients, by their metadata; CAS services');
  parties
    .command('import')
    .description('register a service provider, or replace its metadata')
    .argument('<file>', 'SAML metadata; - reads standard input')
    .option(...CONFIG)
    .action(async (file: string, options: ConfigOption) => (await work()).importOne(io, file, options));
  parties
    .command('add-client')
    .description('register an OpenID Connect client; its secret is shown once and kept nowhere')
    .argument('<file>', 'client metadata (RFC 7591) in JSON or YAML; - reads standard input')
    .option('--replace', 'write over the client that is there; it keeps its secret')
    .option('--new-secret', 'with --replace: another secret')
    .option('--json', 'for programs')
    .option(...CONFIG)
    .action(async (file: string, options: ConfigOption & AddClientFlags) => (await work()).addOne(io, file, options));
  parties
    .command('add-service')
    .description('register a CAS service')
    .argument('<url>', 'its address: it and everything under it may ask for sign-ins')
    .option('--name <name>', 'shown on the login page; its host, by default')
    .option('--language <tag>', 'of the pages, where nobody asks for one that there is: en or de')
    .option('--no-portal', 'it does not stand on the page of applications')
    .option('--exact', 'the address alone, and nothing under it')
    .option('--user <attribute>', 'what the service knows people by; the login name, by default')
    .option('--attribute <name...>', 'what it is told of people')
    .option('--callback <url...>', 'it may be a proxy, and takes its tickets here')
    .option(...CONFIG)
    .action(async (url: string, options: ConfigOption & AddServiceFlags) =>
      (await work()).addOneService(io, url, options),
    );
  parties
    .command('list')
    .description('who is registered, and what is wrong with the folder')
    .option('--json', 'for programs')
    .option(...CONFIG)
    .action(async (options: ConfigOption & { readonly json?: true }) => (await work()).list(io, options));
  parties
    .command('remove')
    .description('forget a service provider with its settings, a client or a service')
    .argument('<name>', 'entityID, client_id or address, as `list` shows it')
    .option(...CONFIG)
    .action(async (name: string, options: ConfigOption) => (await work()).remove(io, name, options));
}
