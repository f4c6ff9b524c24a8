import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMailSender, type MailSettings } from '../../src/methods/mail-sender.ts';
import { type SmtpOptions, startSmtpServer } from '../support/smtp-server.ts';
import { tlsCertificate } from '../support/tls-certificate.ts';

/** On this machine, yet not one of the addresses that may be spoken to in the clear. */
const ELSEWHERE = '127.0.0.2';
const certificate = await tlsCertificate(ELSEWHERE);
const stranger = await tlsCertificate(ELSEWHERE);
const CODE = '481516';

async function mail(
  server: Partial<SmtpOptions>,
  settings: Partial<Omit<MailSettings, 'server'>>,
  scheme: 'smtp' | 'smtps',
  message = { subject: 'Your code', text: `Your code is ${CODE}.` },
) {
  const address = server.address ?? ELSEWHERE;
  const smtp = await startSmtpServer({ address, security: 'starttls', certificate, ...server });
  try {
    const sender = createMailSender({
      server: `${scheme}://${address}:${smtp.port}`,
      from: 'no-reply@example.org',
      fromName: 'Example',
      username: null,
      password: null,
      ca: certificate.cert,
      timeoutMs: 2_000,
      ...settings,
    });
    const sent = await sender.send('anna@example.org', message);
    return { sent, mails: smtp.mails, heard: smtp.heard.join('\n') };
  } finally {
    await smtp.close();
  }
}

for (const [security, scheme] of [
  ['starttls', 'smtp'],
  ['tls', 'smtps'],
] as const) {
  test(`a message is handed over by ${scheme}, encrypted, with the name and the password`, async () => {
    const credentials = 'signet:pa55:wörd';
    const { sent, mails } = await mail(
      { security, credentials },
      { username: 'signet', password: 'pa55:wörd' },
      scheme,
    );
    assert.deepEqual(sent, { kind: 'sent' });
    assert.equal(mails.length, 1);
    const [received] = mails;
    assert.ok(received?.encrypted && received.authenticated);
    assert.match(received.from, /^MAIL FROM:<no-reply@example\.org>/);
    assert.deepEqual(received.to, ['RCPT TO:<anna@example.org>']);
    assert.match(received.data, /^From: Example <no-reply@example\.org>$/m);
    assert.match(received.data, /^To: anna@example\.org$/m);
    assert.match(received.data, /^Subject: Your code$/m);
    assert.match(received.data, /^Auto-Submitted: auto-generated$/m);
    assert.match(received.data, new RegExp(`^Your code is ${CODE}\\.$`, 'm'));
  });
}

// CVE-2021-38371 and its like: encryption that somebody on the line can leave out. Nothing may be said without it.
test('a server elsewhere that offers no encryption is told neither password nor code', async () => {
  const { sent, mails, heard } = await mail(
    { security: 'none', credentials: 'signet:secret' },
    { username: 'signet', password: 'secret' },
    'smtp',
  );
  assert.equal(sent.kind, 'failed');
  assert.deepEqual(mails, []);
  assert.doesNotMatch(heard, /AUTH|MAIL|RCPT|DATA|481516/);
});

test('a server that breaks off the encryption is told nothing', async () => {
  const { sent, heard } = await mail({ answers: { STARTTLS: '454 not now' } }, {}, 'smtp');
  assert.equal(sent.kind, 'failed');
  assert.doesNotMatch(heard, /AUTH|MAIL|481516/);
});

for (const [security, scheme] of [
  ['starttls', 'smtp'],
  ['tls', 'smtps'],
] as const) {
  test(`${scheme}: a server with another certificate is told nothing (CWE-295)`, async () => {
    const { sent, mails, heard } = await mail({ security, certificate: stranger }, {}, scheme);
    assert.equal(sent.kind, 'failed');
    assert.deepEqual(mails, []);
    assert.doesNotMatch(heard, /AUTH|MAIL|481516/);
  });

  test(`${scheme}: a certificate for another address is refused (CWE-297)`, async () => {
    const other = await tlsCertificate('127.0.0.3');
    const { sent, mails } = await mail({ security, certificate: other }, { ca: other.cert }, scheme);
    assert.equal(sent.kind, 'failed');
    assert.deepEqual(mails, []);
  });
}

test('a relay on this machine may be spoken to in the clear', async () => {
  const { sent, mails } = await mail({ address: '127.0.0.1', security: 'none' }, {}, 'smtp');
  assert.deepEqual(sent, { kind: 'sent' });
  assert.equal(mails.length, 1);
});

const refusals: readonly (readonly [name: string, server: Partial<SmtpOptions>, code: RegExp])[] = [
  ['a wrong password', { credentials: 'signet:other' }, /^EAUTH 535$/],
  ['an unknown address', { answers: { RCPT: '550 5.1.1 anna@example.org: nobody' } }, /^EENVELOPE 550$/],
  ['a sender that is not allowed', { answers: { MAIL: '553 no-reply@example.org: no' } }, /^EENVELOPE 553$/],
  ['a message that is not taken', { answers: { '.': '554 5.7.1 looks like 481516' } }, /^EMESSAGE 554$/],
  ['a server that is busy', { answers: { greeting: '421 later' } }, /^[A-Z]+( 421)?$/],
  ['a server that says nothing', { answers: { greeting: null } }, /^ETIMEDOUT$/],
  ['a server that stops in the middle', { answers: { RCPT: null } }, /^ETIMEDOUT$/],
  ['a server that speaks another language', { answers: { greeting: 'SSH-2.0-OpenSSH' } }, /^[A-Z]+$/],
];
for (const [name, server, code] of refusals) {
  // CWE-532: a server's words quote addresses, and may quote the message.
  test(`${name}: a code for the log, without the server’s words`, async () => {
    const settings = { username: 'signet', password: 'secret', timeoutMs: 500 };
    const { sent } = await mail({ credentials: 'signet:secret', ...server }, settings, 'smtp');
    assert.ok(sent.kind === 'failed');
    assert.match(sent.code, code);
    assert.doesNotMatch(JSON.stringify(sent), /anna|example|481516|secret|no-reply/);
  });
}

test('a server that stops answering does not hold the login for longer than the time limit', async () => {
  const began = Date.now();
  const { sent } = await mail({ answers: { DATA: null } }, { timeoutMs: 300 }, 'smtp');
  assert.equal(sent.kind, 'failed');
  assert.ok(Date.now() - began < 1_500);
});

test('a server that is not there is a failure', async () => {
  const smtp = await startSmtpServer({ address: '127.0.0.1', security: 'none' });
  await smtp.close();
  const sender = createMailSender({
    server: `smtp://127.0.0.1:${smtp.port}`,
    from: 'no-reply@example.org',
    fromName: 'Example',
    username: null,
    password: null,
    ca: null,
    timeoutMs: 1_000,
  });
  const sent = await sender.send('anna@example.org', { subject: 's', text: 't' });
  assert.equal(sent.kind === 'failed' && sent.code, 'ESOCKET');
});

// CWE-93: what a configured name says cannot become a header, an attachment or a file's contents.
test('subject and text stay subject and text', async () => {
  const message = { subject: 'Code\r\nBcc: ben@example.org', text: '.\r\n.\r\nMAIL FROM:<x@y>\r\n' };
  const { sent, mails } = await mail({}, { fromName: 'A\r\nBcc: ben@example.org' }, 'smtp', message);
  assert.deepEqual(sent, { kind: 'sent' });
  assert.equal(mails.length, 1);
  assert.deepEqual(mails[0]?.to, ['RCPT TO:<anna@example.org>']);
  assert.doesNotMatch(mails[0]?.data ?? '', /^Bcc:/m);
});
