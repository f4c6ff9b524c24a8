// What may be opened from `/`, and what an application demands of somebody.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AssuranceLevel } from '../../src/core/assurance.ts';
import { NEVER_ASKED } from '../../src/core/consent.ts';
import type { RelyingParty } from '../../src/core/relying-party.ts';
import { demandedOf } from '../../src/node/account-routes.ts';
import { portalTiles } from '../../src/node/portal-tiles.ts';
import { AccountTab } from '../support/account-tab.ts';
import { plainSpMetadata, startOneNode } from '../support/one-node.ts';

const CLIENT = { redirect_uris: ['https://app.example.org/cb'], token_endpoint_auth_method: 'none' };

test('SAML parties that may be opened unasked, clients that have an address for it, CAS services; nobody else', async () => {
  const clients = [
    { ...CLIENT, client_id: 'shown', client_name: 'Calendar', initiate_login_uri: 'https://app.example.org/go?x=1' },
    { ...CLIENT, client_id: 'hidden', client_name: 'Hidden', initiate_login_uri: 'https://app.example.org/go' },
    {
      ...CLIENT,
      client_id: 'home',
      client_name: 'Mail',
      client_uri: 'https://mail.example.org/',
      signet: { portal: true },
    },
  ].map((one) => (one.client_id === 'shown' ? { ...one, signet: { portal: true } } : one));
  const parties = ['https://wiki.example.org', 'https://mute.example.org'].map((base) => plainSpMetadata(base));
  const services = [
    { url: 'https://lib.example.org/app', name: 'Library' },
    { url: 'https://old.example.org/cas?a=b&c', name: 'Old', match: 'exact' },
    { url: 'https://tool.example.org/', name: 'Tool', portal: false },
  ];
  const node = await startOneNode({ parties, clients, services });
  try {
    const { parties: registry } = node.node.parts;
    const [wiki] = registry.all().filter(({ metadata }) => metadata.entityId.includes('wiki'));
    const { folder } = node.config.parties;
    writeFileSync(
      join(folder, wiki?.source.replace(/\.xml$/, '.yaml') ?? ''),
      'displayName: Wiki\nidpInitiated: { allowed: true }\n',
    );
    await registry.reload();
    assert.deepEqual(portalTiles(registry, 'https://idp.example.org'), [
      {
        kind: 'link',
        href: 'https://app.example.org/go?x=1&iss=https%3A%2F%2Fidp.example.org',
        displayName: 'Calendar',
      },
      { kind: 'link', href: 'https://lib.example.org/app', displayName: 'Library' },
      { kind: 'link', href: 'https://mail.example.org/', displayName: 'Mail' },
      {
        kind: 'link',
        href: '/cas/login?service=https%3A%2F%2Fold.example.org%2Fcas%3Fa%3Db%26c',
        displayName: 'Old',
      },
      { kind: 'post', id: 'https://wiki.example.org/metadata', displayName: 'Wiki' },
    ]);
    const tab = await new AccountTab(() => node).signIn();
    await tab.open('/');
    assert.match(tab.page.text, /Calendar[\s\S]*Library[\s\S]*Wiki/);
    assert.doesNotMatch(tab.page.text, /Hidden|Tool|mute/);
    const exact = '/cas/login?service=https%3A%2F%2Fold.example.org%2Fcas%3Fa%3Db%26c';
    const { location } = (await tab.browser.get(node, exact)).headers;
    assert.match(location ?? '', /^https:\/\/old\.example\.org\/cas\?a=b&c&ticket=ST-/);
  } finally {
    await node.close();
  }
});

const party = (level: AssuranceLevel, byGroup: Readonly<Record<string, AssuranceLevel>> = {}): RelyingParty => ({
  key: 'saml:x',
  displayName: 'x',
  language: null,
  floor: { level, byGroup: new Map(Object.entries(byGroup)), graceUntil: 2 ** 31 },
  release: [],
  consent: NEVER_ASKED,
});

for (const { name, parties, groups, expect } of [
  { name: 'no party', parties: [], groups: [], expect: 'aal1' },
  {
    name: 'the highest of several',
    parties: [party('aal1'), party('aal2'), party('aal1')],
    groups: [],
    expect: 'aal2',
  },
  {
    name: 'a group that it is not about',
    parties: [party('aal1', { admin: 'aal3' })],
    groups: ['staff'],
    expect: 'aal1',
  },
  { name: 'a group', parties: [party('aal2', { admin: 'aal3' })], groups: ['admin'], expect: 'aal3' },
] as const) {
  test(`demanded: ${name}`, () => assert.equal(demandedOf(parties, { groups }), expect));
}
