// A stock CAS client signs in through three nodes, with a database and without one: Apache with mod_auth_cas. Its tickets
// are validated by other nodes than made them, and nodes die before and after they are.
import assert from 'node:assert/strict';
import { makeSamlSp } from '../../scripts/saml-sp.ts';
import { AUTH_CAS_TOOLS, type AuthCas, CAS_TEXT, startAuthCas } from '../support/auth-cas.ts';
import { diesAfterItsCommit, killedBeforeRedeemed, killedInTurn, redeemedElsewhere } from '../support/client-losses.ts';
import { type ClientKind, onBothScenes } from '../support/client-scene.ts';
import { ALICE } from '../support/cluster.ts';
import { freePorts } from '../support/free-ports.ts';
import { HttpBrowser } from '../support/http-browser.ts';
import { PLAIN, signIn } from '../support/sign-in.ts';

const CAS_CLIENT: ClientKind<AuthCas> = {
  tools: AUTH_CAS_TOOLS,
  redeemAt: '/cas/p3/serviceValidate',
  register: async () => {
    const [one = 0, other = 0] = await freePorts(2);
    const services = [one, other].map((port) => ({ url: `http://127.0.0.1:${port}/`, attributes: ['mail'] }));
    return { parties: { services }, start: (publicUrl) => startAuthCas([one, other], `${publicUrl}/cas`) };
  },
  assertArrived: (page) => {
    assert.equal(page.text.trim(), CAS_TEXT);
    assert.equal(page.headers['x-remote-user'], 'alice');
  },
  issuedBy: (browser) => {
    const at = browser.hops.findLastIndex(({ url, node }) => url.endsWith('/index.html') && node === '');
    return browser.hops.slice(0, at).findLast(({ node }) => node !== '')?.node ?? '';
  },
};

onBothScenes(CAS_CLIENT, (played) => {
  played('a password, and a ticket that another node validates; attributes arrive', async (now) => {
    const page = await redeemedElsewhere(now);
    assert.equal(page.headers['x-mail'], 'alice@example.org');
  });

  played('the same over SAML 1.1', async (now) => {
    const browser = new HttpBrowser();
    const { page } = await now.visit(browser, now.client.samlUrl);
    await now.assertIn(page);
    assert.equal(page.headers['x-mail'], 'alice@example.org');
    browser.close();
  });

  played('single sign-on from SAML to CAS without a page', async (now) => {
    const browser = new HttpBrowser();
    const first = await signIn(browser, now.sp, makeSamlSp(now.sp, now.cluster.idp), PLAIN, ALICE);
    assert.equal(first.pages, 1);
    for (const url of [now.client.protectedUrl, now.client.samlUrl]) {
      const { page, pages } = await now.visit(browser, url);
      assert.equal(pages, 0);
      await now.assertIn(page);
    }
    // Where the service wants the person to prove it again, there is a page (renew).
    const { page, pages } = await now.visit(browser, now.client.renewUrl);
    assert.equal(pages, 1);
    await now.assertIn(page);
    browser.close();
  });

  played('the node that made the ticket is killed with -9 before it is validated', killedBeforeRedeemed);
  played('a node dies after it has spent the ticket: the balancer’s repeat is answered by another', diesAfterItsCommit);
  played('no sign-in fails while nodes are killed with -9 in turn', killedInTurn);
});
