// CWE-248, CWE-91: a directory may hold what XML cannot. Nobody's sign-in is a fault of the node's, and nobody becomes
// somebody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../../src/core/account.ts';
import { canonical } from '../../../src/xml/build.ts';
import {
  ALICE,
  accepted,
  answered,
  authenticated,
  authnRequest,
  createIdp,
  type IdpOptions,
  redirectQuery,
  responseXml,
  SESSION,
} from '../../protocols/saml/idp.ts';

async function signedIn(options: IdpOptions, account: Account) {
  const idp = createIdp(options);
  const arrival = await idp.endpoint.receiveRedirect(redirectQuery(canonical(authnRequest())));
  const answer = await answered(idp, accepted(arrival), authenticated(SESSION, account));
  return { error: answer.error?.code ?? null, xml: responseXml(answer.reply) };
}

for (const character of ['\u0000', '\u0001', '\u001b', '\ufffe', '\ud800']) {
  const titled: Account = { ...ALICE, attributes: new Map([['title', [`first${character}`, 'second']]]) };

  test(`an attribute's value with ${JSON.stringify(character)} is left out`, async () => {
    const { xml } = await signedIn({ settings: { attributes: ['title'] } }, titled);
    assert.deepEqual(xml.match(/(?<=<saml:AttributeValue>)[^<]*/g), ['second']);
  });

  test(`a name with ${JSON.stringify(character)} is none, and the next value is not the person's name either`, async () => {
    const settings = { nameId: { format: 'emailAddress', attribute: 'title' } };
    const { error, xml } = await signedIn({ settings }, titled);
    assert.equal(error, 'name-id-unavailable');
    assert.doesNotMatch(xml, /first|second/);
  });
}
