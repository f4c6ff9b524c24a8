// Owns: the project's documents as tests read them: their text, and the words in code spans and blocks.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Document {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
}

export function documents(): readonly Document[] {
  return globSync(['*.md', 'docs/**/*.md'], { cwd: root })
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export function documentNamed(path: string): Document {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

/** What stands between backticks, and every line of code blocks. */
export function codeOf({ text }: Document): readonly string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'));
  const prose = text.replace(/^```\w*\n[\s\S]*?^```$/gm, '');
  return [...[...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' ')), ...blocks];
}

/** A PATH on which `signet` is the clone's own `bin/signet`, as the documents have it. */
export const PATH_WITH_SIGNET = `${join(root, 'bin')}:/usr/bin:/bin`;

/** The block that follows `<!-- tested: NAME -->`. */
export function testedBlock(document: Document, name: string): string {
  const found = new RegExp(`<!-- tested: ${name} -->\\n\`\`\`sh\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(document.text);
  if (found?.[1] === undefined) throw new Error(`${document.path} has no tested block ${name}`);
  return found[1];
}
