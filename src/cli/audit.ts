// Owns: `signet audit verify`: whether an audit stream is whole.
import type { Command } from 'commander';
import { verifyAudit } from '../audit/audit-verify.ts';
import { CliFailure, type CliIo, counted } from './io.ts';

export function addAuditCommand(program: Command, io: CliIo): void {
  program
    .command('audit')
    .description('the audit stream')
    .command('verify')
    .description('read audit lines from standard input and check that none was changed, moved or left out')
    .action(async () => {
      const lines = (await io.readStdin()).split('\n');
      const problems = verifyAudit(lines);
      for (const problem of problems) io.err(`line ${problem.line}: ${problem.why}\n`);
      if (problems.length > 0) throw new CliFailure(counted(problems.length, 'problem'));
      const count = lines.filter((line) => line !== '').length;
      // A job that gives it the wrong files must not read as an audit that is whole.
      if (count === 0) throw new CliFailure('there are no audit lines on standard input');
      io.out(`${counted(count, 'line')}, whole\n`);
    });
}
