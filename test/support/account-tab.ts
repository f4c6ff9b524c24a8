// Owns: what a person does on the account's pages of a one-node.ts: follow, fill in, read off.
import assert from 'node:assert/strict';
import { generateSync } from 'otplib';
import type { Answer, OneNode } from './one-node.ts';
import { PASSWORD } from './one-node.ts';
import { formTokenOf, heading, PersonBrowser } from './person.ts';

type Form = Readonly<Record<string, string>>;

export const LOGIN = 'Sign in';
export const APP_CODE = 'Enter the code from your app';
export const ACCOUNT = 'Your account';

/** One tab; it remembers where it is. */
export class AccountTab {
  readonly browser: PersonBrowser;
  page: Answer = { status: 0, headers: {}, text: '', setCookies: [] };
  path = '';
  /** Secrets of authenticator apps that were set up here, by label. */
  readonly apps = new Map<string, string>();
  readonly #node: () => OneNode;

  constructor(node: () => OneNode, browser = new PersonBrowser()) {
    this.#node = node;
    this.browser = browser;
  }

  get heading(): string {
    return heading(this.page);
  }

  /** What stands in the page's notice. */
  get notice(): string {
    return /<p class="(?:done|problem)" role="(?:status|alert)"[^>]*>([^<]*)</.exec(this.page.text)?.[1] ?? '';
  }

  /** What stands in the box that says what went wrong. */
  get problem(): string {
    return /id="problem"[^>]*>[\s\S]*?<p>(?:<a[^>]*>)?([^<]*)</.exec(this.page.text)?.[1] ?? '';
  }

  async open(path: string): Promise<this> {
    return this.#follow(await this.browser.get(this.#node(), path), path);
  }

  /** Posts to where the tab is, or to `to`. */
  async submit(form: Form, to = this.path.split('?')[0] ?? '', headers: Form = {}): Promise<this> {
    const token = { form_token: formTokenOf(this.page) };
    return this.#follow(await this.browser.post(this.#node(), to, { ...token, ...form }, headers), to);
  }

  async #follow(answer: Answer, path: string): Promise<this> {
    this.page = answer;
    this.path = path;
    for (let hops = 0; this.page.status === 303 && hops < 6; hops += 1) {
      this.path = this.page.headers.location ?? '';
      this.page = await this.browser.get(this.#node(), this.path);
    }
    return this;
  }

  password(name = 'alice', password = PASSWORD): Promise<this> {
    assert.equal(this.heading, LOGIN, this.page.text);
    return this.submit({ username: name, password });
  }

  code(label: string): Promise<this> {
    assert.equal(this.heading, APP_CODE, this.page.text);
    return this.submit({ method: 'totp', code: this.codeOf(label) });
  }

  codeOf(label: string): string {
    const secret = this.apps.get(label) ?? assert.fail(`no app ${label}`);
    return generateSync({ secret, epoch: this.#node().time.now });
  }

  async signIn(name = 'alice'): Promise<this> {
    await this.open('/account');
    await this.password(name);
    assert.equal(this.heading, ACCOUNT, this.page.text);
    return this;
  }

  /** On the page that shows an app's secret: keeps it. */
  keepSecret(label: string): void {
    const shown = /<code class="secret">([^<]+)</.exec(this.page.text)?.[1] ?? assert.fail(this.page.text);
    this.apps.set(label, shown.replaceAll(' ', ''));
  }

  /** Sets up an authenticator app; the tab must be signed in with a fresh proof. */
  async addApp(label = 'phone'): Promise<this> {
    await this.open('/account/add/totp');
    await this.submit({ enrol: 'begin' });
    this.keepSecret(label);
    await this.submit({ enrol: 'confirm', code: this.codeOf(label), label });
    assert.equal(this.heading, ACCOUNT, this.page.text);
    return this;
  }

  /** The addresses of what is listed as second steps. */
  get factors(): readonly string[] {
    return [...this.page.text.matchAll(/href="(\/account\/factor\/[\w-]+)"/g)].map(([, path = '']) => path);
  }
}
