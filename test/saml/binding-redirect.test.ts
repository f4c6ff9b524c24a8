import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { readRedirectQuery } from '../../src/saml/binding-redirect.ts';
import type { MessageProblemCode } from '../../src/saml/message-problem.ts';

const XML = '<a/>';
const MESSAGE = encodeURIComponent(deflateRawSync(XML).toString('base64'));
const SIG_ALG = encodeURIComponent('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');

test('a message is inflated, its RelayState decoded and counted', () => {
  const read = readRedirectQuery(`SAMLRequest=${MESSAGE}&RelayState=a%20b%C3%A9+c&other=1`);
  assert.ok(!('problem' in read));
  assert.equal(read.xml.toString(), XML);
  assert.equal(read.relayState, 'a bé c');
  assert.equal(read.relayStateBytes, 7);
  assert.equal(read.signed, null);
});

test('an empty RelayState is kept apart from none', () => {
  const read = readRedirectQuery(`SAMLRequest=${MESSAGE}&RelayState=`);
  assert.ok(!('problem' in read));
  assert.equal(read.relayState, '');
});

const octetRows = [
  {
    name: 'parameters in another order',
    query: `RelayState=x&Signature=AAAA&SigAlg=${SIG_ALG}&SAMLRequest=${MESSAGE}`,
    octets: `SAMLRequest=${MESSAGE}&RelayState=x&SigAlg=${SIG_ALG}`,
  },
  {
    name: 'lower-case percent encoding stays as it was sent',
    query: `SAMLRequest=${MESSAGE}&RelayState=%c3%a9&SigAlg=${SIG_ALG.toLowerCase()}&Signature=AAAA`,
    octets: `SAMLRequest=${MESSAGE}&RelayState=%c3%a9&SigAlg=${SIG_ALG.toLowerCase()}`,
  },
  {
    name: 'a space as + stays one',
    query: `SAMLRequest=${MESSAGE}&RelayState=a+b&SigAlg=${SIG_ALG}&Signature=AAAA`,
    octets: `SAMLRequest=${MESSAGE}&RelayState=a+b&SigAlg=${SIG_ALG}`,
  },
  {
    name: 'no RelayState',
    query: `SAMLRequest=${MESSAGE}&SigAlg=${SIG_ALG}&Signature=AAAA`,
    octets: `SAMLRequest=${MESSAGE}&SigAlg=${SIG_ALG}`,
  },
  {
    name: 'an empty RelayState was signed as such',
    query: `SAMLRequest=${MESSAGE}&RelayState=&SigAlg=${SIG_ALG}&Signature=AAAA`,
    octets: `SAMLRequest=${MESSAGE}&RelayState=&SigAlg=${SIG_ALG}`,
  },
];
for (const { name, query, octets } of octetRows) {
  test(`signed octets: ${name}`, () => {
    const read = readRedirectQuery(query);
    assert.ok(!('problem' in read));
    assert.equal(read.signed?.octets, octets);
    assert.deepEqual(read.signed?.signature, Buffer.alloc(3));
  });
}

const bomb = encodeURIComponent(deflateRawSync(Buffer.alloc(65_537, 97)).toString('base64'));
const trailing = encodeURIComponent(Buffer.concat([deflateRawSync(XML), Buffer.from('x')]).toString('base64'));
const truncated = encodeURIComponent(deflateRawSync(XML).subarray(0, -2).toString('base64'));
const base64 = deflateRawSync(XML).toString('base64');

const refused: readonly { readonly name: string; readonly query: string; readonly problem: MessageProblemCode }[] = [
  { name: 'nothing', query: '', problem: 'unexpected-parameter' },
  { name: 'only a RelayState', query: 'RelayState=x', problem: 'unexpected-parameter' },
  { name: 'SAMLRequest twice', query: `SAMLRequest=${MESSAGE}&SAMLRequest=${MESSAGE}`, problem: 'repeated-parameter' },
  {
    name: 'RelayState twice',
    query: `SAMLRequest=${MESSAGE}&RelayState=a&RelayState=a`,
    problem: 'repeated-parameter',
  },
  {
    name: 'SigAlg twice',
    query: `SAMLRequest=${MESSAGE}&SigAlg=a&SigAlg=b&Signature=AAAA`,
    problem: 'repeated-parameter',
  },
  {
    name: 'Signature twice',
    query: `SAMLRequest=${MESSAGE}&SigAlg=a&Signature=AAAA&Signature=AAAA`,
    problem: 'repeated-parameter',
  },
  { name: 'an encoded second name', query: `SAMLRequest=${MESSAGE}&SAML%52equest=x`, problem: 'repeated-parameter' },
  { name: 'an encoded only name', query: `%53AMLRequest=${MESSAGE}`, problem: 'repeated-parameter' },
  { name: 'both messages', query: `SAMLRequest=${MESSAGE}&SAMLResponse=${MESSAGE}`, problem: 'unexpected-parameter' },
  { name: 'a response', query: `SAMLResponse=${MESSAGE}`, problem: 'unexpected-parameter' },
  { name: 'sp beside a message', query: `SAMLRequest=${MESSAGE}&sp=x`, problem: 'unexpected-parameter' },
  { name: 'another SAMLEncoding', query: `SAMLRequest=${MESSAGE}&SAMLEncoding=none`, problem: 'bad-encoding' },
  { name: 'empty', query: 'SAMLRequest=', problem: 'bad-encoding' },
  { name: 'no value', query: 'SAMLRequest', problem: 'bad-encoding' },
  { name: 'broken percent encoding', query: 'SAMLRequest=%zz', problem: 'bad-encoding' },
  { name: 'invalid UTF-8 in RelayState', query: `SAMLRequest=${MESSAGE}&RelayState=%ff`, problem: 'bad-encoding' },
  { name: 'base64 without padding', query: `SAMLRequest=${base64.replace(/=+$/, '')}A`, problem: 'bad-encoding' },
  { name: 'white space in base64', query: `SAMLRequest=%20${MESSAGE}`, problem: 'bad-encoding' },
  { name: 'base64url', query: 'SAMLRequest=__8-', problem: 'bad-encoding' },
  { name: 'not deflate', query: 'SAMLRequest=%2F%2F%2F%2F', problem: 'bad-encoding' },
  { name: 'a truncated stream', query: `SAMLRequest=${truncated}`, problem: 'bad-encoding' },
  // What follows the end of the stream would be read by nobody and signed all the same.
  { name: 'bytes after the stream', query: `SAMLRequest=${trailing}`, problem: 'bad-encoding' },
  { name: 'a deflate bomb', query: `SAMLRequest=${bomb}`, problem: 'too-large' },
  { name: 'SigAlg without Signature', query: `SAMLRequest=${MESSAGE}&SigAlg=x`, problem: 'unexpected-parameter' },
  { name: 'Signature without SigAlg', query: `SAMLRequest=${MESSAGE}&Signature=AAAA`, problem: 'unexpected-parameter' },
  { name: 'empty Signature', query: `SAMLRequest=${MESSAGE}&SigAlg=x&Signature=`, problem: 'bad-encoding' },
  { name: 'Signature not base64', query: `SAMLRequest=${MESSAGE}&SigAlg=x&Signature=%2A`, problem: 'bad-encoding' },
];
for (const { name, query, problem } of refused) {
  test(`refused: ${name}`, () => {
    const read = readRedirectQuery(query);
    assert.equal('problem' in read ? read.problem : 'read', problem);
  });
}
