import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BusyError,
  ConfidentialityRequiredError,
  ConstraintViolationError,
  InappropriateAuthError,
  InvalidCredentialsError,
  InvalidDNSyntaxError,
  NoSuchObjectError,
  StrongAuthRequiredError,
  UnavailableError,
  UnwillingToPerformError,
} from 'ldapts';
import { acceptedAnswer, refusedAnswer } from '../../src/directories/ldap-bind-answer.ts';

const adMessage = (data: string) =>
  `80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data ${data}, v3839\0`;

const activeDirectory = [
  ['525', 'mismatch'],
  ['52e', 'mismatch'],
  ['52E', 'mismatch'],
  ['530', 'disabled'],
  ['531', 'disabled'],
  ['532', 'expired'],
  ['533', 'disabled'],
  ['701', 'expired'],
  ['773', 'expired'],
  ['775', 'locked'],
  ['0', 'mismatch'],
  ['zzz', 'mismatch'],
  ['533533533', 'mismatch'],
] as const;
for (const [data, expected] of activeDirectory) {
  test(`Active Directory, data ${data}: ${expected}`, () => {
    assert.equal(refusedAnswer(new InvalidCredentialsError(adMessage(data)), undefined), expected);
  });
}

const others = [
  [new InvalidCredentialsError(), 'mismatch'],
  [new InvalidCredentialsError('the word data without a number'), 'mismatch'],
  [new NoSuchObjectError(), 'mismatch'],
  [new InvalidDNSyntaxError(), 'mismatch'],
  [new InappropriateAuthError(), 'mismatch'],
  [new ConstraintViolationError(), 'locked'],
  [new UnwillingToPerformError('Account inactivated. Contact system administrator.'), 'disabled'],
  // Only invalidCredentials carries Active Directory's data.
  [new UnavailableError(adMessage('533')), null],
  // No statement about the person: an outage, never "wrong".
  [new BusyError(), null],
  [new UnavailableError(), null],
  [new ConfidentialityRequiredError(), null],
  [new StrongAuthRequiredError(), null],
  [new Error(adMessage('52e')), null],
  [new Error('Connection closed before message response was received'), null],
  ['a text', null],
] as const;
for (const [error, expected] of others) {
  test(`${error instanceof Error ? `${error.name} ${error.message.slice(0, 20)}` : error}: ${expected}`, () => {
    assert.equal(refusedAnswer(error, undefined), expected);
  });
}

const policies = [
  [0, 'expired'],
  [1, 'locked'],
  [2, 'expired'],
] as const;
for (const [error, expected] of policies) {
  test(`password policy error ${error}: ${expected}, whether the bind was accepted or not`, () => {
    assert.equal(refusedAnswer(new InvalidCredentialsError(), { error }), expected);
    assert.equal(acceptedAnswer({ error }), expected);
  });
}

test('warnings of the password policy change nothing', () => {
  for (const policy of [undefined, {}, { timeBeforeExpiration: 60 }, { graceAuthNsRemaining: 1 }, { error: 8 }]) {
    assert.equal(acceptedAnswer(policy), 'match');
    assert.equal(refusedAnswer(new InvalidCredentialsError(), policy), 'mismatch');
  }
});

test('the policy control makes no statement out of an outage', () => {
  assert.equal(refusedAnswer(new BusyError(), { error: 1 }), null);
});
