// Owns: which templates, styles and pictures the pages are made of: Signet's own, and those of a theme's folder in their
// place. Leaves to pages.ts: rendering; to http/: serving. docs/themes.md says what may be in a theme.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { LANGUAGES } from '../core/language.ts';
import { fileFault, Problems } from '../lib/problems.ts';
import { createPages, type Pages, type Templates } from './pages.ts';
import { renderSamples } from './theme-samples.ts';

export interface Asset {
  readonly contentType: string;
  readonly text: string;
}

export interface Theme {
  readonly pages: Pages;
  /** By the name that follows `/assets/`. */
  readonly assets: ReadonlyMap<string, Asset>;
}

const OWN = join(import.meta.dirname, 'pages');
/** What a theme says beside templates, under the names that pages ask for. */
const STYLES = 'style.css';
const LOGO = 'logo.svg';
const FILE_MAX_BYTES = 256 * 1024;

/**
 * Reads everything once and renders every page in every language.
 * @param folder the theme's; null: none
 * @throws ProblemsError with everything that is wrong with the theme.
 */
export function openTheme(folder: string | null): Theme {
  const own = ownTemplates();
  const problems = new Problems();
  const { templates, css, logo } = folder === null ? NOTHING : readFolder(folder, own, problems);
  problems.throwIfAny();
  const pages = tried(own, templates, folder, problems);
  problems.throwIfAny();
  if (pages === null) throw new Error('a theme that was refused without a reason');
  const ownFile = (name: string): string => readFileSync(join(OWN, name), 'utf8');
  const assets = new Map<string, Asset>([
    ['signet.css', { contentType: 'text/css; charset=utf-8', text: ownFile('signet.css') + css }],
    ['webauthn.js', { contentType: 'text/javascript; charset=utf-8', text: ownFile('webauthn.js') }],
  ]);
  if (logo !== null) assets.set(LOGO, { contentType: 'image/svg+xml', text: logo });
  return { pages, assets };
}

interface Found {
  readonly templates: Templates;
  readonly css: string;
  readonly logo: string | null;
}

const NOTHING: Found = { templates: new Map(), css: '', logo: null };

function ownTemplates(): Templates {
  const files = readdirSync(OWN).filter((name) => extname(name) === '.eta');
  return new Map(files.map((name) => [name.replace(/\.eta$/, ''), readFileSync(join(OWN, name), 'utf8')]));
}

function readFolder(folder: string, own: Templates, problems: Problems): Found {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    problems.add('theme', `${folder}: ${fileFault(error)}`, 'a folder that can be read');
    return NOTHING;
  }
  const templates = new Map<string, string>();
  let { css, logo } = NOTHING;
  for (const name of names.filter((one) => !one.startsWith('.') && one !== 'README.md')) {
    const path = join(folder, name);
    const template = name.replace(/\.eta$/, '');
    const isTemplate = name.endsWith('.eta') && own.has(template);
    if (!isTemplate && name !== STYLES && name !== LOGO) {
      const wanted = `${STYLES}, ${LOGO}, or one of ${[...own.keys()].sort().join(', ')} with .eta`;
      problems.add(`theme: ${path}`, 'a file that nothing asks for', wanted);
      continue;
    }
    const text = readSmall(path, problems);
    if (text === null) continue;
    if (isTemplate) templates.set(template, text);
    else if (name === LOGO) logo = text;
    else css = `\n${text}`;
  }
  return { templates, css, logo };
}

function readSmall(path: string, problems: Problems): string | null {
  try {
    if (statSync(path).size <= FILE_MAX_BYTES) return readFileSync(path, 'utf8');
    problems.add(`theme: ${path}`, 'a large file', `at most ${FILE_MAX_BYTES / 1024} KiB`);
  } catch (error) {
    problems.add(`theme: ${path}`, fileFault(error), 'a file that can be read');
  }
  return null;
}

/** A template that compiles may still ask for what is not there: so every page is made once, in every language. */
function tried(own: Templates, theirs: Templates, folder: string | null, problems: Problems): Pages | null {
  try {
    const pages = createPages(new Map([...own, ...theirs]));
    const ours = createPages(own);
    for (const language of LANGUAGES) {
      for (const fault of renderSamples(pages, ours, language)) problems.add('theme', fault.found, fault.wanted);
    }
    return pages;
  } catch (error) {
    const [message = 'an error'] = error instanceof Error ? error.message.split('\n') : [];
    problems.add('theme', `${folder ?? OWN}: ${message}`, 'templates that can be compiled');
    return null;
  }
}
