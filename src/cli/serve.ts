// Owns: `signet serve`: one node. Several on one folder, or on copies of it, are a cluster.
import type { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import type { CliIo } from './io.ts';

interface ServeOptions {
  readonly config: string;
  readonly listen?: string;
  readonly management?: string;
}

export function addServeCommand(program: Command, io: CliIo): void {
  program
    .command('serve')
    .description('run one node')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .option('--listen <host:port>', 'instead of the configured public listener')
    .option('--management <host:port>', 'instead of the configured management listener')
    .action(async (options: ServeOptions) => {
      const { readConfig } = await import('../config/read-config.ts');
      const config = readConfig(options.config, withOverrides(io.environment, options));
      const { serve } = await import('../main.ts');
      await serve(config, io);
    });
}

/** The options are overrides like any other: one way to check them. */
function withOverrides(environment: Environment, options: ServeOptions): Environment {
  return {
    ...environment,
    ...(options.listen === undefined ? {} : { SIGNET_LISTEN: options.listen }),
    ...(options.management === undefined ? {} : { SIGNET_MANAGEMENT: options.management }),
  };
}
