// Every page there is, in every language, as it comes and in the theme of docs/themes.md: axe-core has nothing to say in
// light and dark, and on a narrow telephone nothing has to be scrolled sideways (WCAG 2.2 AA, 1.4.10).
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { LANGUAGES, type Language } from '../../src/core/language.ts';
import { openTheme } from '../../src/web/theme.ts';
import { samplesOf } from '../../src/web/theme-samples.ts';
import { CHROMIUM, launchChromium } from '../support/chromium.ts';
import { requireTool } from '../support/tools.ts';

/** 320 pixels are what 1.4.10 asks for. */
const NARROW = { width: 320, height: 640 };
const THEMES = ['plain', 'example'] as const;
type ThemeName = (typeof THEMES)[number];

let chromium: Browser | null = null;
let server: Server;
let folder: string;
/** By path. */
const served = new Map<string, { readonly contentType: string; readonly text: string }>();

before(async () => {
  if (!requireTool({ skip: () => {} }, CHROMIUM)) return;
  folder = exampleTheme();
  server = createServer(({ url = '' }, response) => {
    const { contentType, text } = served.get(url) ?? { contentType: 'text/plain', text: '' };
    response.writeHead(text === '' ? 404 : 200, { 'Content-Type': contentType });
    response.end(text);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  chromium = await launchChromium();
});
after(async () => {
  await chromium?.close();
  server?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

/** As the document shows it, with a logo. */
function exampleTheme(): string {
  const document = readFileSync(join(import.meta.dirname, '../../docs/themes.md'), 'utf8');
  const block = (kind: string): string =>
    new RegExp(`\`\`\`${kind}\n([^]*?)\`\`\``).exec(document)?.[1] ?? assert.fail(kind);
  const made = mkdtempSync(join(tmpdir(), 'signet-theme-'));
  writeFileSync(join(made, 'style.css'), block('css'));
  writeFileSync(join(made, 'layout.eta'), block('html'));
  writeFileSync(
    join(made, 'logo.svg'),
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3"><rect width="9" height="3"/></svg>',
  );
  return made;
}

/** Puts a theme's pages in one language on the server; answers their paths. */
function publish(name: ThemeName, language: Language): readonly string[] {
  const { pages, assets } = openTheme(name === 'plain' ? null : folder);
  for (const [file, asset] of assets) served.set(`/assets/${file}`, asset);
  const { posts, others, autoPost } = samplesOf(pages, language);
  // As it is where there is no script: axe is one itself.
  const shown = autoPost.replace(/<script>.*?<\/script>/g, '').replaceAll(/<\/?noscript>/g, '');
  return [...posts.map(({ text }) => text), ...others.map(({ text }) => text), shown].map((text, i) => {
    const path = `/${name}/${language}/${i}`;
    served.set(path, { contentType: 'text/html; charset=utf-8', text });
    return path;
  });
}

async function judge(page: Page, path: string): Promise<readonly string[]> {
  const { port } = server.address() as AddressInfo;
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`http://127.0.0.1:${port}${path}`);
  const what = `${path} ${await page.locator('h1').textContent()}`;
  // Legacy mode opens no window beside: there are no frames here.
  const light = await new AxeBuilder({ page }).setLegacyMode().analyze();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await new AxeBuilder({ page })
    .setLegacyMode()
    .withRules(['color-contrast', 'link-in-text-block'])
    .analyze();
  assert.ok(light.passes.length > 5, 'axe looked at something');
  const found = [...light.violations, ...dark.violations].flatMap(({ id, nodes }) =>
    nodes.map(({ html }) => `${what}: ${id}: ${html}`),
  );
  const fits = await page.evaluate('document.documentElement.scrollWidth <= innerWidth');
  return fits ? found : [...found, `${what}: wider than ${NARROW.width} pixels`];
}

for (const theme of THEMES) {
  for (const language of LANGUAGES) {
    test(`every page, ${theme}, ${language}`, async (t) => {
      if (!requireTool(t, CHROMIUM) || chromium === null) return;
      const context = await chromium.newContext({ viewport: NARROW });
      t.after(() => context.close());
      const page = await context.newPage();
      const paths = publish(theme, language);
      assert.ok(paths.length > 20);
      const found: string[] = [];
      for (const path of paths) found.push(...(await judge(page, path)));
      assert.deepEqual(found, []);
    });
  }
}
