import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextClass } from '../../../src/protocols/saml/authn-context.ts';
import {
  acsHash,
  decodePending,
  encodePending,
  type PendingSaml,
  subjectDigest,
} from '../../../src/protocols/saml/pending-answer.ts';

const ppt = contextClass(1);
const mfa = contextClass(6);
assert.ok(ppt && mfa);

const FULL: PendingSaml = {
  partyHash: '0123456789ab',
  acsHash: acsHash('https://sp.example/acs'),
  inResponseTo: { id: '_request1', issueInstant: 1_790_000_000 },
  relayState: 'é',
  nameId: 'persistent',
  classes: [mfa, ppt],
  attributeConsumingServiceIndex: 5,
  subject: { kind: 'emailAddress', digest: subjectDigest('alice@example.org') },
};
const SMALL: PendingSaml = {
  partyHash: '0123456789ab',
  acsHash: '0011223344556677',
  inResponseTo: null,
  relayState: null,
  nameId: 'transient',
  classes: [],
  attributeConsumingServiceIndex: null,
  subject: null,
};

// Pinned: nodes of two releases finish each other's logins while one is rolled out.
const pinned = [
  {
    name: 'full',
    pending: FULL,
    bytes: 'a801460123456789ab0248FULLHASH0382695f7265717565737431 1a6ab13b800462c3a905020682060107050882 0350DIGEST',
  },
  { name: 'small', pending: SMALL, bytes: 'a301460123456789ab0248001122334455667705 01' },
];
for (const { name, pending, bytes } of pinned) {
  test(`bytes of a ${name} one`, () => {
    const expected = bytes
      .replaceAll(' ', '')
      .replace('FULLHASH', FULL.acsHash)
      .replace('DIGEST', subjectDigest('alice@example.org').toString('hex'));
    const { data } = encodePending(pending);
    assert.equal(Buffer.from(data).toString('hex'), expected);
    const back = decodePending({ protocol: 'saml', data });
    assert.deepEqual(
      back && { ...back, subject: back.subject && { ...back.subject, digest: Buffer.from(back.subject.digest) } },
      pending,
    );
  });
}

const refused = [
  { name: 'nothing', hex: '' },
  { name: 'another shape', hex: '80' },
  { name: 'a missing party', hex: 'a20248001122334455667705 01' },
  { name: 'a short party', hex: 'a301450123456789024800112233445566770501' },
  { name: 'an unknown kind of NameID', hex: 'a301460123456789ab0248001122334455667705 09' },
  { name: 'an unknown class', hex: 'a401460123456789ab02480011223344556677050106811863' },
  { name: 'an empty list of classes', hex: 'a401460123456789ab024800112233445566770501 0680' },
  { name: 'an unknown key', hex: 'a401460123456789ab0248001122334455667705011863 01' },
  { name: 'keys in another order', hex: 'a302480011223344556677 01460123456789ab0501' },
  { name: 'something behind it', hex: 'a301460123456789ab02480011223344556677050100' },
];
for (const { name, hex } of refused) {
  test(`not read: ${name}`, () => {
    const data = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    assert.equal(decodePending({ protocol: 'saml', data }), null);
  });
}
