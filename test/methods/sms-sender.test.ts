import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { createSmsSender } from '../../src/methods/sms-sender.ts';

const MESSAGE = { subject: 'not sent', text: 'Ihr Code ist 481516 & gilt 5 min.' };

interface Request {
  readonly headers: IncomingMessage['headers'];
  readonly body: URLSearchParams;
}

/** A provider on this machine; what it was sent, and what came of it. */
async function send(
  answer: (response: ServerResponse) => void,
  basic: string | null = 'AC1:s3cret',
  timeoutMs = 2_000,
) {
  const requests: Request[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ headers: request.headers, body: new URLSearchParams(Buffer.concat(chunks).toString('utf8')) });
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const place = server.address();
  assert.ok(place !== null && typeof place === 'object');
  const [username = null, password = null] = basic === null ? [] : basic.split(':');
  try {
    const url = `http://127.0.0.1:${place.port}/2010-04-01/Accounts/AC1/Messages.json`;
    const sender = createSmsSender({ url, from: '+4930123456', username, password, timeoutMs });
    return { sent: await sender.send('+491701234567', MESSAGE), requests };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('a message is posted as the form that Twilio reads', async () => {
  const { sent, requests } = await send((response) => response.writeHead(201).end('{"sid":"SM1"}'));
  assert.deepEqual(sent, { kind: 'sent' });
  const [request] = requests;
  assert.deepEqual(
    [...(request?.body ?? [])],
    [
      ['To', '+491701234567'],
      ['From', '+4930123456'],
      ['Body', MESSAGE.text],
    ],
  );
  assert.match(request?.headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/);
  assert.equal(request?.headers.authorization, `Basic ${Buffer.from('AC1:s3cret').toString('base64')}`);
});

test('a gateway without a password is sent none', async () => {
  const { requests } = await send((response) => response.writeHead(200).end(), null);
  assert.equal(requests[0]?.headers.authorization, undefined);
});

const failures: readonly (readonly [name: string, answer: (response: ServerResponse) => void, code: string])[] = [
  ['a wrong password', (response) => response.writeHead(401).end('{"message":"+491701234567"}'), 'HTTP 401'],
  ['a number that does not exist', (response) => response.writeHead(400).end('481516'), 'HTTP 400'],
  ['an outage', (response) => response.writeHead(503).end(), 'HTTP 503'],
  ['no answer', () => {}, 'ETIMEDOUT'],
  ['a connection that ends', (response) => response.destroy(), 'UND_ERR_SOCKET'],
];
for (const [name, answer, code] of failures) {
  test(`${name} is a failure, with a code that tells nothing about the message`, async () => {
    const { sent, requests } = await send(answer, 'AC1:s3cret', 400);
    assert.deepEqual(sent, { kind: 'failed', code });
    assert.equal(requests.length, 1, 'nothing is sent twice');
  });
}

// CWE-601, CWE-522: the code and the password would go where the answer says.
test('a redirect is not followed', async () => {
  const { sent, requests } = await send((response) => response.writeHead(307, { Location: '/elsewhere' }).end());
  assert.equal(sent.kind, 'failed');
  assert.equal(requests.length, 1);
});

test('an answer without an end does not hold the login', async () => {
  const began = Date.now();
  const { sent } = await send((response) => {
    response.writeHead(200).write('x'.repeat(100_000));
  });
  assert.deepEqual(sent, { kind: 'sent' });
  assert.ok(Date.now() - began < 1_500);
});
