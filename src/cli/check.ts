// Owns: `signet check`: everything that is wrong with a configuration and the files it names, at once.
import type { Command } from 'commander';
import { formatProblem, ProblemsError } from '../lib/problems.ts';
import { CliFailure, type CliIo, counted } from './io.ts';

export function addCheckCommand(program: Command, io: CliIo): void {
  program
    .command('check')
    .description('print every problem of the configuration and its files; exit 1 when there is one')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (options: { config: string }) => {
      const { readConfig } = await import('../config/read-config.ts');
      const config = readConfig(options.config, io.environment);
      const { notes, openParts, signatureProblems } = await import('../parts.ts');
      const nothing = (): void => {};
      const parts = await openParts(config, { ...io, onEvent: nothing, onBackend: nothing, look: true }).catch(
        async (error: unknown) => {
          if (!(error instanceof ProblemsError)) throw error;
          // A node would not start, and nobody has looked at the parties yet.
          const { listParties } = await import('../parties/party-folder.ts');
          const { problems } = await listParties(config.parties.folder);
          throw new ProblemsError([...error.problems, ...problems]);
        },
      );
      const problems = [
        ...parts.parties.problems(),
        ...parts.warnings,
        ...signatureProblems(parts),
        ...(await parts.directoryDetails.probe()),
      ];
      await parts.close();
      for (const problem of problems) io.err(`${formatProblem(problem)}\n`);
      for (const note of notes(parts)) io.err(`note: ${formatProblem(note)}\n`);
      if (problems.length > 0) throw new CliFailure(counted(problems.length, 'problem'));
      io.out(`${options.config}: no problems; ${parts.parties.size()} parties\n`);
    });
}
