// Owns: what a person does at the page that asks for consent, in nodes of one-node.ts: reading it, agreeing, declining.
import assert from 'node:assert/strict';
import { type Answer, type OneNode, PASSWORD } from './one-node.ts';
import { formTokenOf, heading, PersonBrowser } from './person.ts';

/** One tab on its way to an application. */
export class ConsentTab {
  readonly browser: PersonBrowser;
  page: Answer = { status: 0, headers: {}, text: '', setCookies: [] };
  path = '';

  constructor(browser = new PersonBrowser()) {
    this.browser = browser;
  }

  /** A second look at what is there now: the same cookies, the same page. */
  copy(): ConsentTab {
    const copy = new ConsentTab(this.browser.copy());
    copy.page = this.page;
    copy.path = this.path;
    return copy;
  }

  get heading(): string {
    return heading(this.page);
  }

  get isAsked(): boolean {
    return /name="agree"/.test(this.page.text);
  }

  /** What the form on the page is about. */
  get digest(): string {
    return /name="consent" value="([^"]+)"/.exec(this.page.text)?.[1] ?? assert.fail(this.page.text.slice(0, 400));
  }

  /** What it says, without markup. */
  get text(): string {
    const [, main = ''] = /<main[^>]*>([\s\S]*)<\/main>/.exec(this.page.text) ?? [];
    return main
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  }

  async open(node: OneNode, path: string, headers: Readonly<Record<string, string>> = {}): Promise<this> {
    return this.#follow(node, await this.browser.get(node, path, headers), path, headers);
  }

  async signIn(node: OneNode, name = 'alice'): Promise<this> {
    assert.ok(/name="password"/.test(this.page.text), this.page.text.slice(0, 400));
    return this.submit(node, { username: name, password: PASSWORD });
  }

  agree(node: OneNode, change: Readonly<Record<string, string>> = {}, headers: Readonly<Record<string, string>> = {}) {
    return this.submit(node, { agree: '1', consent: this.digest, ...change }, headers);
  }

  decline(node: OneNode): Promise<this> {
    return this.submit(node, { cancel: '1', consent: this.digest });
  }

  async submit(
    node: OneNode,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<this> {
    const token = { form_token: formTokenOf(this.page) };
    return this.#follow(node, await this.browser.post(node, this.path, { ...token, ...form }, headers), this.path);
  }

  /** To the next page of ours; what leads to an application stays. */
  async #follow(
    node: OneNode,
    answer: Answer,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<this> {
    this.page = answer;
    this.path = path;
    for (let hops = 0; this.page.status === 303 && hops < 6; hops += 1) {
      const location = this.page.headers.location ?? '';
      if (!location.startsWith('/')) break;
      this.path = location;
      this.page = await this.browser.get(node, location, headers);
    }
    return this;
  }
}
