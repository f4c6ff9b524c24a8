// Owns: what browser tests of the account's pages play on: a node with a database at an address of its own, two service
// providers on another site of which one demands a second factor, Chromium, and its virtual authenticators.
import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { cspViolations, launchChromium } from './chromium.ts';
import { freePorts } from './free-ports.ts';
import { type OneNode, PASSWORD, plainSpMetadata, startOneNode } from './one-node.ts';
import { redirectPath } from './person.ts';

export interface AccountStage {
  readonly node: OneNode;
  readonly url: string;
  readonly chromium: Browser;
  /** Goes to a service provider, which sends the person here. */
  readonly startAt: (page: Page, party: 'wiki' | 'payroll') => Promise<void>;
  /** Later, with the revocations read again. */
  readonly later: (seconds: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The wiki takes any proof, payroll wants AAL2. */
export async function startAccountStage(): Promise<AccountStage> {
  const [port = 0, wiki = 0, payroll = 0] = await freePorts(3);
  const url = `http://localhost:${port}`;
  const bases = { wiki: `http://127.0.0.1:${wiki}`, payroll: `http://127.0.0.1:${payroll}` };
  const node = await startOneNode({
    publicUrl: url,
    database: 'sqlite',
    parties: Object.values(bases).map((base) => plainSpMetadata(base)),
    people: ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'mallory'],
  });
  const { folder } = node.config.parties;
  for (const file of await readdir(folder)) {
    const [name] = Object.entries(bases).find(([, base]) => file.includes(new URL(base).port)) ?? [];
    if (!file.endsWith('.xml') || name === undefined) continue;
    const floor = name === 'payroll' ? 'assurance: { floor: aal2 }\n' : 'idpInitiated: { allowed: true }\n';
    await writeFile(join(folder, file.replace('.xml', '.yaml')), `displayName: ${name}\n${floor}`);
  }
  await node.node.parts.parties.reload();
  const servers = [
    createServer(node.node.publicListener).listen(port, 'localhost'),
    ...Object.entries(bases).map(([name, base]) =>
      serviceProvider(name).listen(Number(new URL(base).port), '127.0.0.1'),
    ),
  ];
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const chromium = await launchChromium();
  return {
    node,
    url,
    chromium,
    startAt: async (page, party) => {
      await page.goto(url + redirectPath(node, { sp: bases[party], now: node.time.now }));
    },
    later: async (seconds) => {
      node.travelTo(node.time.now + seconds);
      await node.node.parts.revocations.poll();
    },
    close: async () => {
      await chromium.close();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      await node.close();
    },
  };
}

/** Says that somebody arrived, and what it was told about how. */
function serviceProvider(name: string): Server {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const xml = Buffer.from(form.get('SAMLResponse') ?? '', 'base64').toString('utf8');
    const status = [...xml.matchAll(/StatusCode[^>]* Value="[^"]*:([A-Za-z]+)"/g)].at(-1)?.[1] ?? 'nothing';
    const accepted = /AuthnContextClassRef[^>]*>[^<]*[:/]([A-Za-z]+)</.exec(xml)?.[1] ?? 'none';
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end(`<!doctype html><title>${name}</title><h1>${name}: ${status}</h1><p id="class">${accepted}</p>`);
  });
}

/** A fresh profile, and what its pages' Content-Security-Policy stopped. */
export async function freshProfile(
  stage: AccountStage,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ readonly context: BrowserContext; readonly stopped: () => readonly string[] }> {
  const context = await stage.chromium.newContext(options);
  context.setDefaultTimeout(10_000);
  const stopped: (readonly string[])[] = [];
  context.on('page', (page) => stopped.push(cspViolations(page)));
  return { context, stopped: () => stopped.flat() };
}

/** Gives a tab an authenticator that verifies its owner and keeps passkeys. */
export async function giveAuthenticator(page: Page): Promise<{ readonly devtools: CDPSession; readonly id: string }> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { devtools, id: authenticatorId };
}

export async function typePassword(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function signIn(stage: AccountStage, page: Page, name: string): Promise<void> {
  await page.goto(`${stage.url}/account`);
  await typePassword(page, name);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
}

/** Sets up an authenticator app on the page that offers it; answers its secret. */
export async function setUpApp(stage: AccountStage, page: Page, label: string): Promise<string> {
  await page.getByRole('button', { name: 'Add an authenticator app' }).click();
  const secret = ((await page.locator('code.secret').textContent()) ?? '').replaceAll(' ', '');
  await page.getByLabel(/^Then enter/).fill(codeOf(stage, secret));
  await page.getByLabel('Name (optional)').fill(label);
  await page.getByRole('button', { name: 'Confirm' }).click();
  return secret;
}

export function codeOf(stage: AccountStage, secret: string): string {
  return generateSync({ secret, epoch: stage.node.time.now });
}
