// Owns: what may be typed after a script that the Makefile starts: what is not an option is told in a line, with those that are.
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Values<T extends ParseArgsConfig['options']> = ReturnType<typeof parseArgs<{ options: NonNullable<T> }>>['values'];

/** The options that were typed. `--help`, and what is no option, print `usage` and end the process: 0, and 1. */
export function readOptions<const T extends NonNullable<ParseArgsConfig['options']>>(
  usage: string,
  options: T,
): Values<T> {
  if (process.argv.slice(2).includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs<{ options: T }>({ options }).values;
  } catch (error) {
    // The rest of its sentence is about arguments that begin with a hyphen.
    return refuse(error instanceof Error ? (error.message.split('. ')[0] ?? '') : 'it cannot be read', usage);
  }
}

/** Says what is wrong with what was typed, and ends the process with 1. */
export function refuse(what: string, usage: string): never {
  console.error(`${what}\n${usage}`);
  process.exit(1);
}
