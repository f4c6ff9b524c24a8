// Owns: what a command may touch of the world around it. Commands take it as a parameter; only signet.ts makes one.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Environment } from '../config/environment.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { fileFault } from '../lib/problems.ts';
import { type Random, systemRandom } from '../lib/random.ts';

export interface CliIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** All of standard input. */
  readonly readStdin: () => Promise<string>;
  /** Asks on the terminal without echo; null when there is no terminal. */
  readonly askSecret: (question: string) => Promise<string | null>;
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Environment;
}

/** A command could not do what it was asked; the message is for a person. Exit codes: docs/operations.md. */
export class CliFailure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CliFailure';
    this.exitCode = exitCode;
  }
}

/** `1 problem`, `2 problems`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What stands in a file that was named, `-` being standard input. */
export async function readInput(io: CliIo, file: string): Promise<Buffer> {
  if (file === '-') return Buffer.from(await io.readStdin(), 'utf8');
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliFailure(`${file}: ${fileFault(error)}`);
  }
}

/**
 * This process's. A reader that has ended (`| head`) ends no command in the middle of its work: `onUnread` is told, before
 * or after the command is over.
 */
export function processIo(onUnread: () => void): CliIo {
  const to =
    (stream: NodeJS.WriteStream): ((text: string) => void) =>
    (text) => {
      stream.write(visible(text), (error) => {
        if (error != null) onUnread();
      });
    };
  // Without a listener it would be thrown. Whoever writes is told by each write.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    out: to(process.stdout),
    err: to(process.stderr),
    readStdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    askSecret,
    clock: systemClock,
    random: systemRandom(),
    environment: process.env,
  };
}

/**
 * The text with control characters spelled out, but for tabs and ends of lines: what people may write of themselves in a
 * directory must not steer the terminal of whoever lists it. JSON stays the same JSON.
 */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

async function askSecret(question: string): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve) => {
    let answer: string | null = null;
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('close', () => {
      process.stderr.write('\n');
      resolve(answer);
    });
  });
}
