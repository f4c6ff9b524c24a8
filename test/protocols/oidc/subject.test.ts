// Under which sub a client knows a person: whoever could be told the same name as another must belong to the same host.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClient } from '../../../src/parties/client.ts';
import { isProblems } from '../../../src/parties/party-document.ts';
import { createSubjects } from '../../../src/protocols/oidc/subject.ts';

const subjectOf = createSubjects({ pairwiseId: (sector, account) => `${sector} ${account}` });

function sub(client_id: string, ...redirect_uris: readonly string[]): string {
  const document = { client_id, application_type: 'native', token_endpoint_auth_method: 'none', redirect_uris };
  const client = readClient(document, 'app.client.yaml');
  return isProblems(client) ? assert.fail(JSON.stringify(client)) : subjectOf(client, 'alice');
}

test('clients of one host know a person by one name', () => {
  assert.equal(sub('one', 'https://app.example.org/cb'), sub('two', 'https://app.example.org:8443/other'));
  assert.notEqual(sub('one', 'https://app.example.org/cb'), sub('one', 'https://example.org/cb'));
});

// OpenID Connect Core §8.1, §17.3: people are not to be followed from one application on their devices to the next.
const onDevices: readonly (readonly string[])[] = [
  ['http://127.0.0.1/cb'],
  ['http://127.0.0.1/cb', 'http://[::1]/cb', 'org.example.app:/cb'],
  ['org.example.app:/cb'],
  ['org.example.app://callback'],
  ['org.example.app://callback/path'],
];
for (const addresses of onDevices) {
  test(`a client at ${addresses.join(' and ')} is a sector of its own`, () => {
    assert.notEqual(sub('one', ...addresses), sub('two', ...addresses));
    assert.equal(sub('one', ...addresses), sub('one', 'org.example.other:/cb'), 'wherever on the device');
  });
}

test('a host does not pass for a client, nor a client for a host', () => {
  assert.notEqual(sub('app.example.org', 'org.example.app:/cb'), sub('x', 'https://app.example.org/cb'));
});
