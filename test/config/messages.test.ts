import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { ProblemsError } from '../../src/lib/problems.ts';

const MAIL = 'mail: { server: "smtps://mail.example.org:465", from: no-reply@example.org';
const SMS = 'sms: { url: "https://sms.example.org/send", from: "+4930123456", prefixes: ["+49"]';

function read(text: string, environment: Readonly<Record<string, string>> = {}): Config | string {
  const folder = mkdtempSync(join(tmpdir(), 'signet-'));
  writeFileSync(join(folder, 'signet.yaml'), `publicUrl: https://idp.example.org\n${text}\n`);
  writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
  writeFileSync(join(folder, 'empty.pem'), '');
  try {
    return readConfig(join(folder, 'signet.yaml'), environment);
  } catch (error) {
    if (error instanceof ProblemsError) return error.message;
    throw error;
  }
}

function good(text: string, environment: Readonly<Record<string, string>> = {}): Config {
  const config = read(text, environment);
  assert.ok(typeof config !== 'string', String(config));
  return config;
}

test('without sections nothing is sent, and the service is called after its host', () => {
  const config = good('');
  assert.equal(config.mail, null);
  assert.equal(config.sms, null);
  assert.equal(config.serviceName, 'idp.example.org');
  assert.deepEqual(config.codes, { spacing: 30, sends: 5, window: 900 });
  assert.equal(config.password.minLength, 12);
});

test('passwords come from the environment, authorities from a file beside the configuration', () => {
  const environment = { SIGNET_MAIL_PASSWORD: '12345', SIGNET_SMS_PASSWORD: 's3cret' };
  const config = good(`${MAIL}, username: signet, caFile: ca.pem }\n${SMS}, username: AC1 }`, environment);
  assert.equal(config.mail?.password, '12345', 'as it stands, not as YAML reads it');
  assert.match(config.mail?.ca ?? '', /BEGIN CERTIFICATE/);
  assert.equal(config.sms?.password, 's3cret');
});

for (const server of [
  'smtp://mail.example.org:587',
  'smtps://mail.example.org',
  'smtp://[::1]:25',
  'smtp://localhost',
]) {
  test(`mail can leave by ${server}`, () => {
    assert.equal(good(`mail: { server: "${server}", from: a@example.org }`).mail?.server, server);
  });
}

const refused: readonly (readonly [name: string, text: string, says: RegExp, environment?: Record<string, string>])[] =
  [
    ['another protocol', MAIL.replace('smtps:', 'https:'), /^mail\.server: /],
    ['no address', MAIL.replace('smtps://mail.example.org:465', 'mail.example.org'), /^mail\.server: /],
    ['a path', MAIL.replace(':465', ':465/x'), /^mail\.server: /],
    ['no sender', 'mail: { server: "smtp://localhost"', /mail\.from/],
    ['a sender with a name', MAIL.replace('no-reply@example.org', '"A <a@example.org>"'), /^mail\.from: /],
    ['two senders', MAIL.replace('no-reply@example.org', '"a@example.org,b@example.org"'), /^mail\.from: /],
    ['a user without a password', `${MAIL}, username: signet`, /SIGNET_MAIL_PASSWORD/],
    ['a password without a user', MAIL, /SIGNET_MAIL_PASSWORD.*mail\.username/, { SIGNET_MAIL_PASSWORD: 'hunter2' }],
    ['a password without a section', 'skew: 60 # {', /a section sms/, { SIGNET_SMS_PASSWORD: 'hunter2' }],
    ['a password in the file', `${MAIL}, username: signet, password: hunter2`, /mail\.password.*SIGNET_MAIL_PASSWORD/],
    ['a password in the address', MAIL.replace('//', '//signet:hunter2@'), /^mail\.server: found smtps:\/\/…@mail/],
    ['authorities that are not there', `${MAIL}, caFile: nowhere.pem`, /mail\.caFile: found .*ENOENT/],
    ['authorities that are none', `${MAIL}, caFile: empty.pem`, /mail\.caFile: .*PEM/],
    ['plain http', SMS.replace('https:', 'http:'), /^sms\.url: /],
    ['a user in the address', SMS.replace('//', '//AC1:hunter2@'), /^sms\.url: found https:\/\/…@sms/],
    ['no prefixes', SMS.replace('["+49"]', '[]'), /^sms\.prefixes/],
    ['every number', SMS.replace('"+49"', '"+"'), /^sms\.prefixes/],
    ['a national prefix', SMS.replace('"+49"', '"0170"'), /^sms\.prefixes/],
    ['no time between codes', 'codes: { spacing: 0', /^codes\.spacing/],
    ['passwords of seven characters', 'password: { minLength: 7', /^password\.minLength/],
  ];
for (const [name, text, says, environment] of refused) {
  test(`${name} is refused, without a secret in the words`, () => {
    const message = read(`${text} }`, environment);
    assert.ok(typeof message === 'string', 'it was taken');
    assert.match(message, says);
    assert.doesNotMatch(message, /hunter2/);
  });
}

test('plain http is for a gateway on this machine', () => {
  const config = good(`${SMS.replace('https://sms.example.org', 'http://127.0.0.1:8025')} }`);
  assert.equal(config.sms?.url, 'http://127.0.0.1:8025/send');
});
