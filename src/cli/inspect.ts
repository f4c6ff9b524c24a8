// Owns: `signet inspect`: explaining a sealed value or a SAML message to a human. Standard input only: what stands on a
// command line is seen by every process and kept by the shell. What is secret in it is not shown.
// Leaves to inspect-saml.ts: messages; to inspect-sealed.ts and inspect-bodies.ts: sealed values.
import { type Command, Option } from 'commander';
import { PURPOSES } from '../sealer/purpose.ts';
import { decodeSaml } from './inspect-saml.ts';
import type { InspectOptions } from './inspect-sealed.ts';
import { CliFailure, type CliIo } from './io.ts';

export function addInspectCommand(program: Command, io: CliIo): void {
  program
    .command('inspect')
    .description('explain a sealed cookie (NAME=VALUE), a session or transient NameID by its value, or a SAML message')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .addOption(
      new Option('--purpose <name>', 'what the value is for, when it is not found out').choices([...PURPOSES.keys()]),
    )
    .option('--context <text>', 'what it is bound to: the name of a cookie, a client_id, an entityID')
    .option('--json', 'for programs')
    .action(async (options: InspectOptions & { readonly config: string }) => {
      const text = (await io.readStdin()).trim();
      if (text === '')
        throw new CliFailure('nothing came on standard input; wanted NAME=VALUE of a cookie, a NameID or a message');
      const saml = options.purpose === undefined ? decodeSaml(text) : null;
      if (saml !== null) return io.out(saml);
      const { readConfig } = await import('../config/read-config.ts');
      const { inspectSealed } = await import('./inspect-sealed.ts');
      await inspectSealed(text, readConfig(options.config, io.environment), options, io);
    });
}
