// Owns: this software's own version.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const text: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));

export const VERSION =
  typeof text === 'object' && text !== null && 'version' in text && typeof text.version === 'string'
    ? text.version
    : '0';
