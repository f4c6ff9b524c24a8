// A stock client signs in through three nodes, with a database and without one: Apache with mod_auth_openidc. Its codes
// are redeemed by other nodes than gave them, and nodes die before, while and after they are.
import assert from 'node:assert/strict';
import { makeSamlSp } from '../../scripts/saml-sp.ts';
import {
  AUTH_OPENIDC_TOOLS,
  type AuthOpenidc,
  apacheClient,
  OPENIDC_TEXT,
  startAuthOpenidc,
} from '../support/auth-openidc.ts';
import { diesAfterItsCommit, killedBeforeRedeemed, killedInTurn, redeemedElsewhere } from '../support/client-losses.ts';
import { type ClientKind, onBothScenes } from '../support/client-scene.ts';
import { ALICE } from '../support/cluster.ts';
import { HttpBrowser } from '../support/http-browser.ts';
import { PLAIN, signIn } from '../support/sign-in.ts';

const OPENID_CLIENT: ClientKind<AuthOpenidc> = {
  tools: AUTH_OPENIDC_TOOLS,
  redeemAt: '/oidc/token',
  register: async () => {
    const client = await apacheClient();
    return {
      parties: { clients: [client.document] },
      start: (publicUrl) => startAuthOpenidc(client, publicUrl),
    };
  },
  assertArrived: (page) => {
    assert.equal(page.text.trim(), OPENIDC_TEXT);
    assert.equal(page.headers['x-remote-user'], 'alice@example.org');
    assert.equal(page.headers['x-claim-name'], 'Alice Example');
  },
  issuedBy: (browser) => {
    const at = browser.hops.findLastIndex(({ url }) => url.endsWith('/callback'));
    return browser.hops[at - 1]?.node ?? '';
  },
};

onBothScenes(OPENID_CLIENT, (played) => {
  played('a password, and a code that another node redeems', async (now) => {
    await redeemedElsewhere(now);
  });

  played('single sign-on from SAML to OpenID Connect without a page', async (now) => {
    const browser = new HttpBrowser();
    const first = await signIn(browser, now.sp, makeSamlSp(now.sp, now.cluster.idp), PLAIN, ALICE);
    assert.equal(first.pages, 1);
    const { page, pages } = await now.visit(browser);
    assert.equal(pages, 0);
    await now.assertIn(page);
    browser.close();
  });

  played('the node that gave the code is killed with -9 before it is redeemed', killedBeforeRedeemed);
  played(
    'a node dies after its commit at the token endpoint: the balancer’s repeat is answered by another',
    diesAfterItsCommit,
  );
  played('no sign-in fails while nodes are killed with -9 in turn', killedInTurn);
});
