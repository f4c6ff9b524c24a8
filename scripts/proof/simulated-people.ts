// Owns: people who sign in at simulated nodes, and judging what came of it, as visitor.ts does for real ones.
// Leaves to simulation.ts: who comes when.
import type { Answer, OneNode } from '../../test/support/one-node.ts';
import { PASSWORD } from '../../test/support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, redirectPath, samlResponse } from '../../test/support/person.ts';
import type { Ledger, ValueKind } from './ledger.ts';
import type { SimulatedFleet } from './simulated-fleet.ts';
import { count, newTally, type SignInKind, type Tally } from './tally.ts';

/** Somebody who keeps a session. */
export interface Regular {
  readonly name: string;
  readonly browser: PersonBrowser;
  /** When the session must end, by the clock of whoever looks; null while there is none. */
  ends: number | null;
}

/** One request and its answer; `at` is by the clock of the node that gave it. */
interface Exchange {
  readonly node: string;
  readonly at: number;
  readonly shown: ReadonlyMap<string, string>;
  readonly answer: Answer;
}

const SESSION_COOKIE = '__Host-signet_sso';

export class SimulatedPeople {
  readonly tally: Tally = newTally();
  readonly #fleet: SimulatedFleet;
  readonly #ledger: Ledger;
  readonly #sessionSeconds: number;
  #turn = 0;

  constructor(fleet: SimulatedFleet, ledger: Ledger, sessionSeconds: number) {
    this.#fleet = fleet;
    this.#ledger = ledger;
    this.#sessionSeconds = sessionSeconds;
  }

  /** A visit: single sign-on while there is a session, else the password. Each request goes to the next node. */
  async visit(regular: Regular): Promise<void> {
    const { browser, name } = regular;
    const first = await this.#arrive(browser);
    if (isSuccess(first.answer)) {
      if (regular.ends === null || first.at >= regular.ends)
        return this.#failed(`${name}: signed in without a session`, [first]);
      this.#ledger.opened('session', first.shown.get(SESSION_COOKIE) ?? '', { from: first.at, to: first.at });
      return count(this.tally, 'single sign-on');
    }
    const { location = '' } = first.answer.headers;
    const page = await this.#exchange(browser, (node) => browser.get(node, location));
    // A node that could not open the session, and a next one that could: only `refusals` tells.
    if (isSuccess(page.answer)) return count(this.tally, 'single sign-on');
    const { ends } = regular;
    if (ends !== null && first.at < ends && page.at < ends) {
      this.tally.logouts.push(mishap(`${name}: the login page, although the session had time`, [first, page]));
    } else if (ends !== null) this.tally.ended += 1;
    const answered = await this.#password(browser, name, location, page, 'password');
    const instant = /AuthnInstant="([^"]+)"/.exec(samlResponse(answered.answer) ?? '')?.[1];
    regular.ends = instant === undefined ? null : Date.parse(instant) / 1000 + this.#sessionSeconds;
  }

  /** Somebody opens the login page; the returned function types the password, however much later. */
  async openPage(name: string): Promise<() => Promise<void>> {
    const browser = new PersonBrowser();
    const { answer } = await this.#arrive(browser);
    const { location = '' } = answer.headers;
    const page = await this.#exchange(browser, (node) => browser.get(node, location));
    return async () => {
      await this.#password(browser, name, location, page, 'password, page left open');
    };
  }

  #arrive(browser: PersonBrowser): Promise<Exchange> {
    return this.#exchange(browser, (node, at) => browser.get(node, redirectPath(node, { now: at })));
  }

  async #password(
    browser: PersonBrowser,
    name: string,
    location: string,
    page: Exchange,
    kind: SignInKind,
  ): Promise<Exchange> {
    if (page.answer.status !== 200) {
      this.#failed(`${name}: no login page`, [page]);
      return page;
    }
    const form = { form_token: formTokenOf(page.answer), username: name, password: PASSWORD };
    const answered = await this.#exchange(browser, (node) => browser.post(node, location, form));
    if (!isSuccess(answered.answer)) {
      this.#failed(`${name}: the password led nowhere`, [page, answered]);
      return answered;
    }
    const flow = [...answered.shown].find(([cookie]) => cookie.endsWith(location.slice('/flow/'.length)))?.[1];
    if (flow !== undefined) this.#ledger.opened('flow', flow, { from: answered.at, to: answered.at });
    count(this.tally, kind);
    return answered;
  }

  /** One request to the node whose turn it is; what it sealed goes into the ledger. */
  async #exchange(browser: PersonBrowser, ask: (node: OneNode, at: number) => Promise<Answer>): Promise<Exchange> {
    const { name, ahead, up } = this.#next();
    const at = this.#fleet.now() + ahead;
    const shown = new Map(browser.cookies);
    const answer = await ask(up, at);
    for (const [cookie, token] of browser.cookies) {
      if (shown.get(cookie) === token) continue;
      const kind: ValueKind = cookie === SESSION_COOKIE ? 'session' : 'flow';
      this.#ledger.sealed(kind, token, { from: at, to: at });
    }
    return { node: name, at, shown, answer };
  }

  #next(): { readonly name: string; readonly ahead: number; readonly up: OneNode } {
    const there = this.#fleet.nodes.flatMap(({ name, ahead, up }) => (up === null ? [] : [{ name, ahead, up }]));
    this.#turn += 1;
    const node = there[this.#turn % there.length];
    if (node === undefined) throw new Error('no node is there');
    return node;
  }

  #failed(what: string, exchanges: readonly Exchange[]): void {
    this.tally.failures.push(mishap(what, exchanges));
  }
}

function isSuccess(answer: Answer): boolean {
  return (samlResponse(answer) ?? '').includes('urn:oasis:names:tc:SAML:2.0:status:Success');
}

function mishap(what: string, exchanges: readonly Exchange[]) {
  const hops = exchanges.map(({ node, at, answer }) => `${node} at ${at}: ${answer.status} ${heading(answer)}`);
  return { atMs: 1000 * (exchanges.at(-1)?.at ?? 0), story: [what, ...hops].join('\n      ') };
}
