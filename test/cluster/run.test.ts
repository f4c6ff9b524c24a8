// `make run`: what it starts, what a second start finds, what it says when it cannot start, and that it ends.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findHaproxy } from '../../scripts/haproxy.ts';
import { answersOk, type Child, endAll, startChild, waitUntil } from '../../scripts/processes.ts';
import { portsInUse } from '../../scripts/run-folder.ts';
import { HttpBrowser } from '../support/http-browser.ts';
import { headline, loginForm, responseForm } from '../support/sign-in.ts';

const RUN = fileURLToPath(new URL('../../scripts/run.ts', import.meta.url));
const PORTS = [8080, 8081, 8082, 8083, 8090, 8091, 9081, 9082, 9083];

/** An offset at which every port is free, below the range that Linux gives to outgoing connections. */
async function freeOffset(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const offset = randomInt(7000, 23_000);
    if ((await portsInUse(PORTS.map((port) => port + offset))).length === 0) return offset;
  }
  throw new Error('no free ports');
}

async function start(t: TestContext, folder: string, offset: number, ...more: readonly string[]): Promise<Child> {
  const args = [RUN, '--folder', folder, '--offset', String(offset), ...more];
  const child = await startChild({ name: 'run', command: process.execPath, args });
  // Not SIGKILL at once: what it started would outlive it.
  t.after(() => endAll([child], 10_000));
  return child;
}

/** What it printed once it is up; throws with what it said when it ends instead. */
async function welcome(child: Child): Promise<string> {
  await waitUntil('make run', 40_000, async () => {
    if (!child.alive()) throw new Error(`ended with ${await child.ended}:\n${child.lastLines().join('\n')}`);
    return child.lastLines().some((line) => line.includes('Ctrl-C'));
  });
  return child.lastLines().join('\n');
}

function passwordOf(said: string, name: string): string {
  const password = new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(said)?.[1];
  assert.ok(password, said);
  return password;
}

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-run-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Two starts on one folder: with HAProxy where it is installed, and with the script that stands in for it. */
const starts = [findHaproxy() === null ? ['--no-haproxy'] : [], ['--no-haproxy']];

test('it starts, people sign in at both SPs, it ends; the same folder serves again', async (t) => {
  const folder = join(await temporary(t), 'run');
  const offset = await freeOffset();
  const passwords: string[] = [];
  for (const more of starts) {
    const child = await start(t, folder, offset, ...more);
    const said = await welcome(child);
    // It promises ten seconds; a machine that runs other tests meanwhile gets twice that.
    assert.ok(Number(/\((\d+\.\d) s\)/.exec(said)?.[1]) < 20, said);
    passwords.push(passwordOf(said, 'alice'));
    const browser = new HttpBrowser();
    const wiki = `http://127.0.0.1:${8090 + offset}`;
    const arrived = await browser.get(`${wiki}/login`);
    const login = loginForm(arrived);
    assert.ok(login, headline(arrived));
    const answered = await browser.submit(arrived, login, { username: 'alice', password: passwordOf(said, 'alice') });
    const form = responseForm(answered);
    assert.ok(form, headline(answered));
    const home = await browser.submit(answered, form);
    assert.equal(home.url, `${wiki}/`);
    assert.match(home.text, /Signed in as Alice Example/);
    const logs = await Promise.all([1, 2, 3].map((n) => readFile(join(folder, `node-${n}.log`), 'utf8')));
    assert.match(logs.join(''), /"event\.action":"login"/);
    assert.ok(!logs.join('').includes(passwordOf(said, 'alice')));
    assert.match(home.text, /With your password, typed for this sign-in/);
    assert.match(home.text, /alice@example\.org/);
    const served = [...home.text.matchAll(/class="node">(node-\d)</g)].map((match) => match[1]);
    assert.ok(served.length >= 2 && new Set(served).size >= 2, `several nodes: ${served}`);
    assert.doesNotMatch(home.text, new RegExp(passwordOf(said, 'alice')));

    const library = `http://127.0.0.1:${8091 + offset}`;
    const post = await browser.get(`${library}/login?binding=post`);
    const sent = await browser.submit(post, post.forms[0] ?? assert.fail('a request form'));
    const second = await browser.submit(sent, responseForm(sent) ?? assert.fail(headline(sent)));
    assert.match(second.text, /By single sign-on, without typing anything/);

    const portal = await browser.get(`http://localhost:${8080 + offset}/`);
    const tiles = portal.forms.filter(({ fields }) => fields.some(({ name }) => name === 'sp'));
    assert.deepEqual(
      tiles.map(({ fields }) => fields.find(({ name }) => name === 'sp')?.value),
      [library, wiki].map((base) => `${base}/metadata`),
    );
    const opened = await browser.submit(portal, tiles[1] ?? assert.fail('no tile'));
    // Whoever posts such a response could be a stranger (login CSRF): the wiki asks by itself and takes that answer.
    const asked = await browser.submit(opened, responseForm(opened) ?? assert.fail(headline(opened)));
    const third = await browser.submit(asked, responseForm(asked) ?? assert.fail(headline(asked)));
    assert.equal(third.url, `${wiki}/`);
    assert.match(third.text, /By single sign-on, without typing anything/);
    browser.close();

    child.signal('SIGINT');
    assert.equal(await child.ended, 'exit code 0');
    assert.deepEqual(await portsInUse(PORTS.map((port) => port + offset)), []);
  }
  assert.equal(new Set(passwords).size, 1, 'the second run knows the first one’s passwords');
  const kept = JSON.parse(await readFile(join(folder, 'made.json'), 'utf8'));
  assert.equal(kept.publicUrl, `http://localhost:${8080 + offset}`);
});

test('a port in use is named, and nothing is left running', async (t) => {
  const folder = join(await temporary(t), 'run');
  const offset = await freeOffset();
  const squatter = createServer().listen(8090 + offset, '127.0.0.1');
  t.after(() => squatter.close());
  await waitUntil('the squatter', 2000, async () => squatter.listening);
  const child = await start(t, folder, offset);
  assert.equal(await child.ended, 'exit code 1');
  assert.match(child.lastLines().join('\n'), new RegExp(`Already in use: port ${8090 + offset}\\.`));
  assert.equal(await answersOk(`http://127.0.0.1:${8080 + offset}/saml/idp/metadata`), false);
});

const folders = [
  { name: 'a half-made folder', files: {}, says: /never finished. Remove it and try again: rm -r/ },
  { name: 'a folder of another version', files: { 'made.json': '{"format":0}' }, says: /another version.* rm -r/ },
  { name: 'a folder with a broken note', files: { 'made.json': '{' }, says: /another version.* rm -r/ },
  {
    name: 'a folder for other ports',
    files: { 'made.json': '{"format":1,"publicUrl":"http://localhost:1","people":[],"sps":[]}' },
    says: /made for http:\/\/localhost:1, not for http:\/\/localhost:\d+\. Remove it/,
  },
];

for (const { name, files, says } of folders) {
  test(`${name} is refused with what to do`, async (t) => {
    const folder = join(await temporary(t), 'run');
    await mkdir(folder);
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
    const child = await start(t, folder, await freeOffset());
    assert.equal(await child.ended, 'exit code 1');
    assert.match(child.lastLines().join('\n'), says);
  });
}
