// axe-core finds nothing to complain about on the pages that people see, in light and dark, on a phone and on a desk.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { ALICE } from '../support/cluster.ts';
import { STAGE_TOOLS, type Stage, startStage } from '../support/stage.ts';
import { requireTool } from '../support/tools.ts';

let stage: Stage;

before(async () => {
  if (!STAGE_TOOLS.every((tool) => requireTool({ skip: () => {} }, tool))) return;
  stage = await startStage();
});

after(() => stage?.close());

const looks = [
  { look: 'light, desk', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { look: 'dark, desk', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { look: 'light, phone', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { look: 'dark, phone', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
] as const;

const pages: readonly { readonly name: string; readonly open: (page: Page) => Promise<void> }[] = [
  {
    name: 'login page',
    open: async (page) => {
      await page.goto(`${stage.wiki.baseUrl}/login`);
      await page.getByLabel('Password').waitFor();
    },
  },
  {
    name: 'login page after a wrong password',
    open: async (page) => {
      await page.goto(`${stage.wiki.baseUrl}/login`);
      await page.getByLabel('User name').fill('nobody');
      await page.getByLabel('Password').fill('nothing');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'error page: a request that cannot be read',
    open: async (page) => {
      const answer = await page.goto(`${stage.cluster.publicUrl}/saml/idp/sso?SAMLRequest=nonsense`);
      assert.equal(answer?.status(), 400);
    },
  },
  {
    name: 'error page: no such page',
    open: async (page) => {
      assert.equal((await page.goto(`${stage.cluster.publicUrl}/nowhere`))?.status(), 404);
    },
  },
  {
    name: 'demo SP, signed in',
    open: async (page) => {
      await page.goto(`${stage.wiki.baseUrl}/login`);
      await page.getByLabel('User name').fill(ALICE.name);
      await page.getByLabel('Password').fill(ALICE.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL(`${stage.wiki.baseUrl}/`);
    },
  },
];

for (const { look, ...options } of looks) {
  for (const { name, open } of pages) {
    test(`${name}: ${look}`, async (t) => {
      if (!STAGE_TOOLS.every((tool) => requireTool(t, tool))) return;
      const context = await stage.chromium.newContext(options);
      t.after(() => context.close());
      context.setDefaultTimeout(10_000);
      const page = await context.newPage();
      await open(page);
      const { violations, passes } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(
        violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(' ')}`),
        [],
      );
      assert.ok(passes.length > 5, 'axe looked at something');
      // Nothing to scroll sideways for (WCAG 1.4.10).
      const [content, window] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [
        number,
        number,
      ];
      assert.ok(content <= window, `${content} px of content in ${window}`);
    });
  }
}
