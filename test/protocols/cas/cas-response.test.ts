// Answers for services: what XML cannot hold is left out of every format, whichever directory it came from (CWE-116).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../../src/core/account.ts';
import { isProblems } from '../../../src/parties/party-document.ts';
import { readService } from '../../../src/parties/service.ts';
import { CAS_PROBLEMS, type CasProblemCode } from '../../../src/protocols/cas/cas-errors.ts';
import {
  plainAnswer,
  proxyFailure,
  validationFailure,
  validationSuccess,
} from '../../../src/protocols/cas/cas-response.ts';
import { saml11Failure, saml11Success } from '../../../src/protocols/cas/saml11.ts';
import type { Validated } from '../../../src/protocols/cas/validation.ts';
import { told } from '../../support/cas.ts';

const service = readService({ url: 'https://wiki.example.org/', attributes: ['title', 'empty'] }, 'test');
if (isProblems(service)) throw new Error('the service is good');
const account: Account = {
  id: 'a-1',
  loginName: 'alice',
  disabled: false,
  attributes: new Map([
    ['title', ['a\u0000b', 'good', '\ud800', 'x\uffff', 'tab\tand\r\nline']],
    ['empty', ['\u0001']],
    ['secret', ['not released']],
  ]),
  groups: [],
};
const validated: Validated = {
  service,
  asked: 'https://wiki.example.org/',
  account,
  user: 'alice',
  authenticatedAt: 1_790_000_000,
  fromNewLogin: false,
  proxies: [],
  pgtIou: null,
};
const envelope = { issuer: 'https://idp.example.org', ids: ['_1', '_2'], recipient: null, now: 1_790_000_000 } as const;

test('XML, JSON and SAML hold what can be written, and the same', () => {
  const values = ['good', 'tab\tand\r\nline'];
  const { attributes } = told(validationSuccess(validated, 'XML', true).text);
  assert.deepEqual(
    attributes?.slice(3).map(([name, value]) => [name, value]),
    values.map((value) => ['title', value]),
  );
  const json = JSON.parse(validationSuccess(validated, 'JSON', true).text);
  assert.deepEqual(json.serviceResponse.authenticationSuccess.attributes.title, values);
  assert.equal(json.serviceResponse.authenticationSuccess.attributes.empty, undefined);
  const saml = saml11Success(validated, envelope).text;
  assert.equal(saml.match(/<saml1:AttributeValue>/g)?.length, 2);
  for (const text of [saml, JSON.stringify(json)]) assert.doesNotMatch(text, /not released/);
});

for (const problem of Object.keys(CAS_PROBLEMS) as CasProblemCode[]) {
  test(`${problem}: told in every format, in words that are fixed and ASCII`, () => {
    const { error, description } = CAS_PROBLEMS[problem];
    assert.match(description, /^[\x20-\x7e]+$/);
    const found = { problem, detail: '<detail> for the log' };
    const xml = validationFailure(found, 'XML').text;
    assert.equal(told(xml).code, error);
    assert.equal(told(proxyFailure(found, 'XML').text).kind, 'proxyFailure');
    const json = JSON.parse(validationFailure(found, 'JSON').text);
    assert.deepEqual(json.serviceResponse.authenticationFailure, { code: error, description });
    const saml = saml11Failure(found, envelope).text;
    assert.match(saml, new RegExp(`<saml1p:StatusMessage>${error}: `));
    assert.doesNotMatch(saml, /saml1:Assertion|Success/);
    for (const text of [xml, saml]) assert.doesNotMatch(text, /detail/);
  });
}

test('CAS 1.0 says yes with a name, or no', () => {
  assert.equal(plainAnswer('alice').text, 'yes\nalice\n');
  assert.equal(plainAnswer(null).text, 'no\n\n');
});
