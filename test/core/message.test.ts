import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskDestination, readMailAddress, readTelephoneNumber } from '../../src/core/message.ts';

const addresses: readonly (readonly [typed: string, read: string | null])[] = [
  ['anna@example.org', 'anna@example.org'],
  [' anna@example.org\n', 'anna@example.org'],
  ['Anna+sso@EXAMPLE.Org', 'Anna+sso@example.org'],
  ["o'neil@example.org", "o'neil@example.org"],
  ['a@b.c', 'a@b.c'],
  ['', null],
  ['anna', null],
  ['anna@', null],
  ['@example.org', null],
  ['anna@localhost', null],
  ['anna@127.0.0.1', null],
  ['anna@[127.0.0.1]', null],
  ['anna@-example.org', null],
  ['anna@exa_mple.org', null],
  ['anna@example..org', null],
  ['.anna@example.org', null],
  ['an..na@example.org', null],
  // One address must not become two, or a header of its own (CWE-93, CVE-2020-7769, GHSA-mm7p-fcc7-pg87).
  ['anna@example.org,ben@example.org', null],
  ['anna@example.org ben@example.org', null],
  ['anna@example.org\r\nBcc: ben@example.org', null],
  ['anna@example.org\0', null],
  ['Anna <anna@example.org>', null],
  ['"ben@evil.example "@example.org', null],
  ['ben@evil.example@example.org', null],
  ['group:anna@example.org;', null],
  // What a mail program would take for an option (CVE-2016-10033).
  ['-OQueueDirectory=/tmp@example.org', null],
  ['änna@example.org', null],
  ['anna@exämple.org', null],
  [`${'a'.repeat(65)}@example.org`, null],
  [`anna@${'a.'.repeat(130)}org`, null],
];
for (const [typed, read] of addresses) {
  test(`${JSON.stringify(typed.slice(0, 60))} is ${read === null ? 'no' : 'an'} address`, () => {
    assert.equal(readMailAddress(typed), read);
  });
}

const numbers: readonly (readonly [typed: string, read: string | null])[] = [
  ['+491701234567', '+491701234567'],
  ['+1 (202) 555-0123', '+12025550123'],
  ['+49/170/1234567', '+491701234567'],
  ['', null],
  ['491701234567', null],
  ['00491701234567', null],
  ['+0491701234567', null],
  ['+49170', null],
  ['+1234567890123456', null],
  ['+49 170 1234567 ext 5', null],
  ['+49170١٢٣٤٥٦٧', null],
  [`+49${' '.repeat(40)}1701234567`, null],
];
for (const [typed, read] of numbers) {
  test(`${JSON.stringify(typed.slice(0, 40))} is ${read === null ? 'no' : 'a'} telephone number`, () => {
    assert.equal(readTelephoneNumber(typed), read);
  });
}

for (const [destination, masked] of [
  ['anna@example.org', 'a…@example.org'],
  ['a@example.org', 'a…@example.org'],
  ['+491701234567', '+49…67'],
] as const) {
  test(`${destination} is shown as ${masked}`, () => assert.equal(maskDestination(destination), masked));
}
