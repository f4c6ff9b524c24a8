// Owns: measurement (i): warm CAS sign-ins on one core, a ticket and its validation each, against a bare HTTP server that
// gives the same two answers, and against code flows that end in RS256 signatures.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection, type HttpAnswer } from './connection.ts';
import { ATTRIBUTES, type Folder, startNode, stopNode } from './identity-provider.ts';
import { cpuSeconds, NODE_CORE } from './machine.ts';
import { get, NAVIGATION } from './oidc-client.ts';
import { flowsPerSecond, registerClients, signetProvider } from './oidc-flows.ts';
import { stopPeer } from './peers.ts';
import { createMint } from './sessions.ts';
import { keepAnswer, type StaticAnswer, startStaticPeer } from './static-answers.ts';
import { median } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface CasPlan {
  readonly rounds: number;
  readonly connections: number;
  /** Per round. */
  readonly flows: number;
  readonly bareFlows: number;
  readonly signedFlows: number;
}

const APP = 'https://wiki.example.org/app';
const LOGIN = '/cas/login';
const VALIDATE = '/cas/p3/serviceValidate';
const WARM_UP_ROUNDS = 3;

/** (i) */
export async function measureCas(folder: Folder, plan: CasPlan): Promise<readonly Row[]> {
  await registerClients(folder);
  const service = { url: APP, attributes: [...ATTRIBUTES.keys()] };
  await writeFile(join(folder.path, 'parties', 'bench.service.yaml'), JSON.stringify(service));
  const node = await startNode(folder, { cores: NODE_CORE });
  try {
    const mint = createMint(folder);
    const cookies = Array.from({ length: plan.connections }, (_, i) => mint(i));
    const bare = await startStaticPeer(folder, await keepFlow(folder, mint(0)));
    try {
      const signed = signetProvider(folder, plan.connections);
      const ask = {
        own: () => casFlows(folder.port, cookies, plan.flows),
        bare: () => casFlows(bare.port, [...cookies], plan.bareFlows),
        signed: () => flowsPerSecond(signed, 'RS256', plan.signedFlows),
      };
      const rounds: Round[] = [];
      for (let i = 0; i < WARM_UP_ROUNDS + plan.rounds; i++) {
        const own = await perCore(node.pid, plan.flows, ask.own);
        const ofBare = await perCore(bare.child.pid, plan.bareFlows, ask.bare);
        const ofSigned = await perCore(node.pid, plan.signedFlows, ask.signed);
        if (i >= WARM_UP_ROUNDS) rounds.push({ own, bare: ofBare, signed: ofSigned });
      }
      return report(rounds);
    } finally {
      await stopPeer(bare);
    }
  } finally {
    await stopNode(node);
  }
}

/** Flows for each second of CPU that the server used: a bare server is never busy with so few questions. */
interface Round {
  readonly own: number;
  readonly bare: number;
  readonly signed: number;
}

async function perCore(pid: number, flows: number, ask: () => Promise<unknown>): Promise<number> {
  const before = cpuSeconds(pid);
  await ask();
  return flows / (cpuSeconds(pid) - before);
}

/**
 * The bar is on code flows, which have three requests to these two and two signatures to none, and a bar of their
 * own against another product. A bare server says what HTTP itself takes; nothing that signs people in can be near it.
 */
function report(rounds: readonly Round[]): readonly Row[] {
  const rate = (which: keyof Round): string => `${number(median(rounds.map((round) => round[which])))}/s`;
  const toBare = median(rounds.map((round) => round.own / round.bare));
  const toSigned = median(rounds.map((round) => round.own / round.signed));
  const what = '(i) CAS login and validation, one core';
  return [
    {
      what,
      value: rate('own'),
      comparedWith: `node:http with the same two answers: ${rate('bare')}`,
      ratio: toBare.toFixed(2),
      bar: '',
      held: null,
    },
    {
      what,
      value: rate('own'),
      comparedWith: `code flows with RS256: ${rate('signed')}`,
      ratio: `${toSigned.toFixed(2)} ×`,
      bar: '≥ 2 ×',
      held: toSigned >= 2,
    },
  ];
}

/** As many flows at once as there are people; each keeps the cookies that it is given. */
async function casFlows(port: number, cookies: string[], count: number): Promise<void> {
  const pairs = await Promise.all(
    cookies.map(async (cookie) => ({
      browser: await Connection.open(port, cookie),
      service: await Connection.open(port, ''),
    })),
  );
  let left = count;
  await Promise.all(
    pairs.map(async ({ browser, service }) => {
      while (left-- > 0) await casFlow(browser, service, port);
    }),
  );
  for (const [i, { browser, service }] of pairs.entries()) {
    cookies[i] = browser.cookies;
    browser.close();
    service.close();
  }
}

/** What the browser is told, and what the service is told about the ticket. @throws Error for any other answer. */
async function casFlow(
  browser: Connection,
  service: Connection,
  port: number,
): Promise<readonly [login: HttpAnswer, validation: HttpAnswer]> {
  const host = `localhost:${port}`;
  const login = await browser.send(get(host, `${LOGIN}?${new URLSearchParams({ service: APP })}`, NAVIGATION));
  const ticket = /\r\nlocation: https:\/\/wiki\.example\.org\/app\?ticket=([^\r]+)/i.exec(login.head)?.[1];
  if (ticket === undefined) throw new Error(`no ticket, but ${login.status}: ${login.head.slice(0, 300)}`);
  const query = new URLSearchParams({ service: APP, ticket });
  const validation = await service.send(get(host, `${VALIDATE}?${query}`, 'Accept: application/xml'));
  const text = validation.body.toString('utf8');
  const missing = [...ATTRIBUTES.keys()].filter((name) => !text.includes(`<cas:${name}>`));
  if (!text.includes('<cas:user>') || missing.length > 0) throw new Error(`not validated: ${text.slice(0, 300)}`);
  return [login, validation];
}

/** One flow's answers, of a session that has been at the service before, as all are after the first. */
async function keepFlow(folder: Folder, cookies: string): Promise<readonly StaticAnswer[]> {
  const [browser, service] = [await Connection.open(folder.port, cookies), await Connection.open(folder.port, '')];
  await casFlow(browser, service, folder.port);
  const [login, validation] = await casFlow(browser, service, folder.port);
  browser.close();
  service.close();
  return [keepAnswer(LOGIN, login), keepAnswer(VALIDATE, validation)];
}
