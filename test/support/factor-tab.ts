// Owns: what a person does at the pages of a factor-node.ts: one tab, its forms, and what can be read off an answer.
import assert from 'node:assert/strict';
import type { FactorNode } from './factor-node.ts';
import { type Answer, NOW, PASSWORD } from './one-node.ts';
import { formTokenOf, PersonBrowser, type RequestFields, samlResponse, statusOf } from './person.ts';

/** The heading of the page that asks for an app's code. */
export const APP = 'Enter the code from your app';

export interface Tab {
  readonly browser: PersonBrowser;
  /** What it shows. */
  page: Answer;
  readonly path: string;
}

/** The party of that name. */
export const at = (name: string): Pick<RequestFields, 'sp'> => ({ sp: `https://${name}.example.org` });

/** The other ways that a page offers. */
export function ways(page: Answer): readonly string[] {
  return [...page.text.matchAll(/name="choose" value="([^"]+)"/g)].map(([, method = '']) => method);
}

export function classOf(answer: Answer): string {
  return /AuthnContextClassRef[^>]*>([^<]+)</.exec(samlResponse(answer) ?? '')?.[1] ?? 'none';
}

export function sessionIndexOf(answer: Answer): string | undefined {
  return /SessionIndex="([^"]+)"/.exec(samlResponse(answer) ?? '')?.[1];
}

type Form = Readonly<Record<string, string>>;

/** Hands on the keyboard; `node` is asked each time, so that a test file can start it in `before`. */
export function handsOn(node: () => FactorNode) {
  let elapsed = 0;

  const open = async (browser: PersonBrowser, fields: Partial<RequestFields> = {}): Promise<Tab> => {
    const { answer, flowPath } = await browser.start(node(), { now: node().time.now, ...fields });
    return { browser, page: answer, path: flowPath ?? assert.fail(`no page: ${statusOf(answer)}`) };
  };
  /** Posts a form of the tab's page and follows to the next one. */
  const submit = async (tab: Tab, form: Form, headers: Form = {}): Promise<Answer> => {
    const posted = await tab.browser.post(node(), tab.path, { form_token: formTokenOf(tab.page), ...form }, headers);
    tab.page = posted.status === 303 ? await tab.browser.get(node(), posted.headers.location ?? '') : posted;
    return tab.page;
  };
  const password = (tab: Tab, name = 'alice', word = PASSWORD): Promise<Answer> =>
    submit(tab, { username: name, password: word });
  const code = (tab: Tab, text: string, headers: Form = {}): Promise<Answer> =>
    submit(tab, { method: 'totp', code: text }, headers);

  return {
    open,
    submit,
    password,
    code,
    later: (seconds: number): void => node().travelTo(node().time.now + seconds),
    /** Nobody has anything but these people an app, whose ids come back; and it is later, so that no code was used. */
    fresh: async (...people: readonly string[]): Promise<string[]> => {
      elapsed += 3600;
      node().travelTo(NOW + elapsed);
      const { store } = node().world;
      store.fail(false);
      for (const name of ['alice', 'bob']) {
        const id = await node().idOf(name);
        for (const one of store.now(id).credentials) await store.remove(id, one.id, store.now(id).version);
      }
      return Promise.all(people.map((name) => node().giveApp(name)));
    },
    givePhone: async (name: string): Promise<void> => {
      const id = await node().idOf(name);
      const { store } = node().world;
      const data = { kind: 'sms', destination: '+4179' } as const;
      await store.add(id, { id: `phone-${name}`, label: '', createdAt: 1, lineage: [], data }, store.now(id).version);
    },
    signInAtStrong: async (app: string): Promise<PersonBrowser> => {
      const tab = await open(new PersonBrowser(), at('strong'));
      await password(tab);
      assert.equal(statusOf(await code(tab, node().codeOf(app))), 'Success');
      return tab.browser;
    },
  };
}
