import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPostForm } from '../../src/saml/binding-post.ts';

const MESSAGE = Buffer.from('<a/>'.repeat(40)).toString('base64');

const accepted: readonly { readonly name: string; readonly value: string }[] = [
  { name: 'one line', value: MESSAGE },
  { name: 'RFC 2045 lines, CRLF', value: MESSAGE.replace(/.{76}/g, '$&\r\n') },
  { name: 'lines, LF, and a last line break', value: `${MESSAGE.replace(/.{64}/g, '$&\n')}\n` },
];
for (const { name, value } of accepted) {
  test(`accepted: ${name}`, () => {
    const read = readPostForm(new Map([['SAMLRequest', value]]));
    assert.equal('problem' in read ? read.problem : read.xml.toString('base64'), MESSAGE);
  });
}

const refused: readonly {
  readonly name: string;
  readonly form: readonly (readonly [string, string])[];
  readonly problem: string;
}[] = [
  { name: 'no message', form: [['RelayState', 'x']], problem: 'unexpected-parameter' },
  { name: 'a response', form: [['SAMLResponse', MESSAGE]], problem: 'unexpected-parameter' },
  {
    name: 'both',
    form: [
      ['SAMLRequest', MESSAGE],
      ['SAMLResponse', MESSAGE],
    ],
    problem: 'unexpected-parameter',
  },
  {
    name: 'sp beside it',
    form: [
      ['SAMLRequest', MESSAGE],
      ['sp', 'x'],
    ],
    problem: 'unexpected-parameter',
  },
  { name: 'empty', form: [['SAMLRequest', '']], problem: 'bad-encoding' },
  { name: 'a space inside', form: [['SAMLRequest', ` ${MESSAGE}`]], problem: 'bad-encoding' },
  { name: 'no padding', form: [['SAMLRequest', 'YQ']], problem: 'bad-encoding' },
  { name: 'wrong trailing bits', form: [['SAMLRequest', 'YR==']], problem: 'bad-encoding' },
  { name: 'too large', form: [['SAMLRequest', Buffer.alloc(65_537).toString('base64')]], problem: 'too-large' },
  { name: 'far too large', form: [['SAMLRequest', 'A'.repeat(200_000)]], problem: 'too-large' },
];
for (const { name, form, problem } of refused) {
  test(`refused: ${name}`, () => {
    const read = readPostForm(new Map(form));
    assert.equal('problem' in read ? read.problem : 'read', problem);
  });
}
