import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXAMPLE_PARTY_SETTINGS } from '../../src/parties/example-settings.ts';
import { DEFAULT_SETTINGS, partySettingsSchema, readPartySettings } from '../../src/parties/party-settings.ts';

test('the example, with every line in force, is read and names every setting', () => {
  const inForce = EXAMPLE_PARTY_SETTINGS.replace(/^#(?! )/gm, '').replace(/^#( {2}.*)$/gm, '$1');
  const read = readPartySettings(inForce, 'example.yaml');
  assert.ok(!Array.isArray(read), JSON.stringify(read));
  assert.deepEqual(Object.keys(read).sort(), Object.keys(partySettingsSchema.shape).sort());
});

test('the example as it is written changes nothing', () => {
  assert.deepEqual(readPartySettings(EXAMPLE_PARTY_SETTINGS, 'example.yaml'), DEFAULT_SETTINGS);
});

const wrong: readonly { readonly yaml: string; readonly path: string; readonly wanted: RegExp }[] = [
  { yaml: 'displayname: x', path: 'p.yaml: displayname', wanted: /'displayName'/ },
  { yaml: 'nameID: { format: transient }', path: 'p.yaml: nameID', wanted: /'nameId'/ },
  { yaml: 'encryption: { us: never }', path: 'p.yaml: encryption.us', wanted: /'use'/ },
  { yaml: 'attributes: [{ name: a, form: b }]', path: 'p.yaml: attributes[0].form', wanted: /'from'/ },
  { yaml: 'attributes: [{ from: b }]', path: 'p.yaml: attributes[0].name', wanted: /^a text$/ },
  { yaml: 'attributes: mail', path: 'p.yaml: attributes', wanted: /^a list$/ },
  { yaml: 'signatureAlgorithm: rsa-sha1', path: 'p.yaml: signatureAlgorithm', wanted: /rsa-sha256/ },
  { yaml: 'encryption: { content: tripledes-cbc }', path: 'p.yaml: encryption.content', wanted: /aes256-gcm/ },
  { yaml: 'assurance: { floor: aal4 }', path: 'p.yaml: assurance.floor', wanted: /aal1/ },
  { yaml: 'assurance: { byGroup: { admins: high } }', path: 'p.yaml: assurance.byGroup.admins', wanted: /aal1/ },
  { yaml: 'consent: yes', path: 'p.yaml: consent', wanted: /ask/ },
  { yaml: 'policyUri: javascript:alert(1)', path: 'p.yaml: policyUri', wanted: /https/ },
  { yaml: 'tosUri: http://wiki.example.org/terms', path: 'p.yaml: tosUri', wanted: /https/ },
  { yaml: 'sessionLifetime: 10', path: 'p.yaml: sessionLifetime', wanted: /60/ },
  { yaml: 'nameId: { format: unspecified }', path: 'p.yaml: nameId.attribute', wanted: /attribute/ },
  { yaml: 'nameId: { format: persistent, attribute: mail }', path: 'p.yaml: nameId.attribute', wanted: /computed/ },
  { yaml: 'idpInitiated: { relayStates: [x] }', path: 'p.yaml: idpInitiated.allowed', wanted: /true/ },
  { yaml: '__proto__: x', path: 'p.yaml: __proto__', wanted: /./ },
  { yaml: 'displayName: [', path: 'p.yaml', wanted: /YAML/ },
  { yaml: 'displayName: a\ndisplayName: b', path: 'p.yaml', wanted: /YAML/ },
  { yaml: 'a: &x 1\nb: *x', path: 'p.yaml', wanted: /plain/ },
  { yaml: '- x', path: 'p.yaml', wanted: /^a mapping$/ },
];
for (const { yaml, path, wanted } of wrong) {
  test(`refused: ${yaml}`, () => {
    const read = readPartySettings(yaml, 'p.yaml');
    assert.ok(Array.isArray(read), 'it was read');
    const problem = read.find((one) => one.path === path);
    assert.ok(problem, JSON.stringify(read));
    assert.match(problem.wanted, wanted);
  });
}

test('all problems come at once', () => {
  const read = readPartySettings('displayname: x\nattributes: 1\nassurance: { floor: x }', 'p.yaml');
  assert.equal(Array.isArray(read) && read.length, 3);
});
