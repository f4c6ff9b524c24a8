// Owns: one browser's visits to a service provider, and judging each: single sign-on, a password, a session that ended
// in time, one that was lost, a failure. Leaves to crowd.ts: how many browsers there are and how often they come.
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpBrowser, type Page, type SeenExchange } from '../../test/support/http-browser.ts';
import { fieldOf, headline, loginForm, responseForm } from '../../test/support/sign-in.ts';
import type { Person } from '../local-cluster.ts';
import { acsUrlOf, newRequestId, type RequestBinding, type SamlSp, type SpIdentity } from '../saml-sp.ts';
import type { Ledger, Span } from './ledger.ts';
import { count, type SignInKind, type Tally } from './tally.ts';

/** A service provider as the proof plays it: it checks every response with the certificates it has read. */
export interface ProofSp {
  readonly identity: SpIdentity;
  readonly saml: SamlSp;
  /** Told of the certificate that an accepted response names; throws when the metadata does not show it. */
  readonly signedBy: (samlResponse: string) => void;
}

export interface World {
  readonly tally: Tally;
  readonly ledger: Ledger;
  /** Seconds by which the clock of a node is ahead of ours. */
  readonly clockOf: (node: string) => number;
  /** `session.absolute` */
  readonly sessionSeconds: number;
}

export interface Visit {
  readonly sp: ProofSp;
  readonly binding: RequestBinding;
  /** How long the login page stays open before the password is typed. */
  readonly hesitateMs: number;
}

const SESSION_COOKIE = /^(__Host-)?signet_sso$/;
const FLOW_COOKIE = /^(__Host-)?signet_f_/;

export class Visitor {
  readonly #world: World;
  readonly #person: Person;
  readonly #browser: HttpBrowser;
  /** The exchanges of the visit that is under way. */
  #seen: SeenExchange[] = [];
  #sessionToken: string | null = null;
  /** When the session must end, by the clock of whoever looks; null while there is none. */
  #ends: number | null = null;
  /** An answer was lost, so there may be a session that we know nothing of. */
  #unsure = false;

  constructor(world: World, person: Person) {
    this.#world = world;
    this.#person = person;
    this.#browser = new HttpBrowser({ onExchange: (seen) => this.#see(seen) });
  }

  /** One sign-in, from the request to the accepted response; whatever happens is in the tally, nothing is thrown. */
  async visit(visit: Visit): Promise<void> {
    const { tally } = this.#world;
    this.#seen = [];
    const hopsBefore = this.#browser.hops.length;
    try {
      await this.#signIn(visit);
    } catch (error) {
      tally.failures.push({ atMs: Date.now(), story: this.#story(String(error), hopsBefore) });
      this.#unsure = true;
    }
    this.#browser.hops.length = 0;
  }

  /** The session cookie, for whoever wants to show it again later. */
  sessionCookie(): string | null {
    return this.#sessionToken;
  }

  close(): void {
    this.#browser.close();
  }

  async #signIn({ sp, binding, hesitateMs }: Visit): Promise<void> {
    const id = newRequestId();
    const outgoing = await sp.saml.request({ binding, forceAuthn: false, passive: false }, id);
    const from: Page = { url: `${sp.identity.baseUrl}/`, status: 200, headers: {}, text: '', forms: [] };
    const first =
      outgoing.kind === 'redirect'
        ? await this.#browser.get(outgoing.url, from)
        : await this.#browser.post(outgoing.action, outgoing.fields, from.url);
    const login = loginForm(first);
    let last = first;
    if (login !== null) {
      this.#judgePage();
      await sleep(hesitateMs);
      const { name, password } = this.#person;
      last = await this.#browser.submit(first, login, { username: name, password });
    }
    const form = responseForm(last);
    if (form === null) throw new Error(`no response form, but ${last.status}: ${headline(last)}`);
    if (form.action !== acsUrlOf(sp.identity) || fieldOf(form, 'RelayState') !== id) throw new Error('another address');
    const message = fieldOf(form, 'SAMLResponse') ?? '';
    const answer = await sp.saml.accept(message);
    if (answer === null || answer.inResponseTo !== id) throw new Error('an answer to something else');
    sp.signedBy(message);
    if (login === null) this.#judgeSession();
    if (login !== null || this.#unsure) this.#ends = answer.authnInstant.getTime() / 1000 + this.#world.sessionSeconds;
    this.#unsure = false;
    this.#opened(login === null ? 'session' : 'flow');
    count(this.#world.tally, kindOf(login !== null, hesitateMs));
  }

  /** The login page was shown: had the session's time come, on the clock of any node that had a say? */
  #judgePage(): void {
    const { tally } = this.#world;
    const ends = this.#ends;
    if (ends === null) return;
    this.#ends = null;
    if (this.#seen.some((seen) => Math.floor(this.#spanOf(seen).to) >= ends)) tally.ended += 1;
    else
      tally.logouts.push({ atMs: Date.now(), story: this.#story('the login page, although the session had time', 0) });
  }

  /** Single sign-on: was there a session, and was its time not over? */
  #judgeSession(): void {
    const last = this.#seen.at(-1);
    if (this.#unsure) return;
    if (this.#ends === null || last === undefined) throw new Error('signed in without ever having typed a password');
    if (Math.floor(this.#spanOf(last).from) >= this.#ends) throw new Error('a session went on after its end');
  }

  #see(seen: SeenExchange): void {
    this.#seen.push(seen);
    const span = this.#spanOf(seen);
    for (const line of seen.setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const isSession = SESSION_COOKIE.test(name);
      if (isSession) this.#sessionToken = value === '' ? null : value;
      if (value === '' || !(isSession || FLOW_COOKIE.test(name))) continue;
      this.#world.ledger.sealed(isSession ? 'session' : 'flow', value, span);
    }
  }

  /** Counts what the last answer was made from. */
  #opened(kind: 'session' | 'flow'): void {
    const last = this.#seen.at(-1);
    const isIt = (name: string): boolean =>
      kind === 'session' ? SESSION_COOKIE.test(name) : name.endsWith(`signet_f_${last?.url.split('/').at(-1)}`);
    const token = last?.sentCookies.find(([name]) => isIt(name))?.[1];
    if (last !== undefined && token !== undefined) this.#world.ledger.opened(kind, token, this.#spanOf(last));
  }

  #spanOf({ startedMs, endedMs, node }: SeenExchange): Span {
    const ahead = this.#world.clockOf(node);
    return { from: startedMs / 1000 + ahead, to: endedMs / 1000 + ahead };
  }

  #story(what: string, from: number): string {
    const hops = this.#browser.hops.slice(from).map((hop) => `${hop.method} ${hop.url} ${hop.status} ${hop.node}`);
    return [what, ...hops].join('\n      ');
  }
}

function kindOf(typed: boolean, hesitateMs: number): SignInKind {
  if (!typed) return 'single sign-on';
  return hesitateMs === 0 ? 'password' : 'password, page left open';
}
