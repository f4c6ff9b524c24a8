// CWE-613: whoever is told that nobody is signed in must not leave a session behind for the next person at the screen.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { NOW, startOneNode } from '../../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, redirectPath, statusOf } from '../../support/person.ts';

const OWN = { 'Sec-Fetch-Site': 'same-origin' };

for (const failMode of ['reauth', 'closed']) {
  for (const way of ['the page', 'the form']) {
    test(`signing out by ${way} while the feed is stale (${failMode}) lasts when the feed is back`, async (t) => {
      const node = await startOneNode({ environment: { SIGNET_REVOCATIONS_FAIL_MODE: failMode } });
      t.after(() => node.close());
      const browser = new PersonBrowser();
      await browser.signIn(node);
      const page = way === 'the form' ? await browser.get(node, '/logout', OWN) : null;
      const { file } = node.config.revocations;
      renameSync(file, `${file}.away`);
      node.travelTo(NOW + 700);
      const token = page === null ? '' : formTokenOf(page);
      const answer =
        page === null
          ? await browser.get(node, '/logout', OWN)
          : await browser.post(node, '/logout', { form_token: token });
      assert.equal(heading(answer), 'You are not signed in');
      assert.deepEqual([...browser.cookies.keys()], ['__Host-signet_device']);
      renameSync(`${file}.away`, file);
      node.travelTo(NOW + 720);
      const passive = redirectPath(node, { now: node.time.now, passive: true });
      assert.equal(statusOf(await browser.get(node, passive)), 'NoPassive');
    });
  }
}

test('a browser without a session cookie is not given one to forget', async (t) => {
  const node = await startOneNode();
  t.after(() => node.close());
  const answer = await new PersonBrowser().get(node, '/logout', OWN);
  assert.deepEqual(answer.setCookies, []);
});
