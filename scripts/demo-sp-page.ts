// Owns: the demo service provider's pages. They work without JavaScript; the script only saves a click.
import type { RequestBinding, SignedIn } from './saml-sp.ts';
import type { TimedStep } from './trail.ts';

/** One sign-in, as the page shows it. Times are milliseconds since 1970. */
export interface SignInView {
  readonly answer: SignedIn;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly binding: RequestBinding;
  readonly steps: readonly TimedStep[];
}

export interface HomePage {
  readonly title: string;
  readonly view: SignInView | null;
  readonly other: { readonly title: string; readonly url: string } | null;
  readonly idpLogoutUrl: string;
}

export const AUTO_SUBMIT_SCRIPT = 'document.forms[0].submit();\n';

export const STYLE_SHEET = `:root { color-scheme: light dark; --ground: #f6f5f1; --sheet: #fff; --ink: #1d2530; --soft: #525c69; --line: #d9d7cf; --mark: #0b5c4b; --on-mark: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --sheet: #1c2229; --ink: #e9edf1; --soft: #a9b4bf; --line: #343d47; --mark: #7fd6bf; --on-mark: #0c1a16; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 0 0 .6rem; }
.kicker { color: var(--soft); margin: 0 0 .2rem; font-size: .9rem; }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.2rem; margin: 0 0 1rem; }
p { margin: 0 0 .8rem; } p:last-child { margin-bottom: 0; }
.how { border-left: .3rem solid var(--mark); padding-left: .8rem; }
.buttons { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
.button, button { display: inline-block; font: inherit; padding: .5rem .9rem; border-radius: .4rem; border: 1px solid var(--mark); color: var(--mark); background: transparent; text-decoration: none; cursor: pointer; }
.button.first, button.first { background: var(--mark); color: var(--on-mark); }
a { color: var(--mark); } :focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; } caption { text-align: left; color: var(--soft); font-size: .9rem; padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; overflow-wrap: normal; } th[scope=row] { width: 30%; color: var(--soft); font-weight: 400; }
@media (max-width: 32rem) { .facts :is(th, td) { display: block; width: auto; } .facts td { border-top: 0; padding-top: 0; } }
code { font-size: .9em; } .node { font-weight: 600; color: var(--mark); white-space: nowrap; }
`;

/** Who is signed in here, and how that came about. */
export function homePage(page: HomePage): string {
  return layout(page.title, page.view === null ? signedOut(page) : signedIn(page, page.view));
}

/** A form that goes to the IdP at once; without script the button does it. */
export function postPage(title: string, action: string, fields: readonly (readonly [string, string])[]): string {
  const inputs = fields.map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  return layout(
    title,
    `<h1>On to the identity provider</h1><section><form method="post" action="${escapeHtml(action)}">${inputs.join('')}` +
      '<button class="first" type="submit">Continue</button></form></section><script src="/auto-submit.js"></script>',
  );
}

export function messagePage(title: string, heading: string, text: string): string {
  return layout(
    title,
    `<h1>${escapeHtml(heading)}</h1><section><p>${escapeHtml(text)}</p><p><a href="/">Back to the start</a></p></section>`,
  );
}

function signedOut(page: HomePage): string {
  return `<h1>Nobody is signed in here</h1>
<section><p>This application has no passwords of its own. It asks the identity provider who you are.</p>${signInButtons(true)}</section>
${otherSection(page)}`;
}

function signedIn(page: HomePage, view: SignInView): string {
  const { answer } = view;
  const name = answer.attributes.find(([key]) => key === 'displayName')?.[1][0] ?? answer.nameId;
  return `<h1>Signed in as ${escapeHtml(name)}</h1>
<section><h2>How you got here</h2><p class="how">${howYouGotHere(view)}</p>${trailTable(view)}</section>
<section>${rows(
    'What the identity provider released about you',
    answer.attributes.map(([key, values]) => [key, values.join(', ')]),
  )}</section>
<section>${rows('What else the assertion said', [
    ['NameID', answer.nameId],
    ['NameID format', answer.nameIdFormat],
    ['Password typed at', instant(answer.authnInstant.getTime())],
    ['Authentication context', answer.contextClass],
    ['SessionIndex', answer.sessionIndex],
    ['InResponseTo', answer.inResponseTo],
    ['Issuer', answer.issuer],
    ['Request sent by', view.binding === 'post' ? 'HTTP-POST' : 'HTTP-Redirect'],
    ['Assertion encrypted', answer.encrypted ? 'yes' : 'no'],
  ])}</section>
<section><h2>Try more</h2>${signInButtons(false)}</section>
${otherSection(page)}
<section><h2>Leave</h2><div class="buttons"><form method="post" action="/forget"><button type="submit">Sign out of this application only</button></form>
<a class="button" href="${escapeHtml(page.idpLogoutUrl)}">Sign out at the identity provider</a></div></section>`;
}

/** AuthnInstant has whole seconds; in the second of the click itself, only the trail tells whether a form was posted. */
function howYouGotHere(view: SignInView): string {
  const provedMs = view.answer.authnInstant.getTime();
  const sameSecond = provedMs === Math.floor(view.startedMs / 1000) * 1000;
  const posted = view.steps.some((step) => step.method === 'POST' && step.path.startsWith('/flow/'));
  if (sameSecond ? posted : provedMs > view.startedMs) return 'With your password, typed for this sign-in.';
  const seconds = Math.max(0, Math.round((view.endedMs - provedMs) / 1000));
  return `By single sign-on, without typing anything: you had proved who you are ${duration(seconds)} before.`;
}

function duration(seconds: number): string {
  if (seconds < 120) return seconds === 1 ? 'one second' : `${seconds} seconds`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
}

function trailTable(view: SignInView): string {
  if (view.steps.length === 0) return '';
  const body = view.steps.map(
    (step) =>
      `<tr><td><code>${escapeHtml(`${step.method} ${step.path}`)}</code></td><td class="node">${escapeHtml(step.node)}</td>` +
      `<td>${step.status}${step.retries > 0 ? `, after ${step.retries} ${step.retries === 1 ? 'retry' : 'retries'}` : ''}</td></tr>`,
  );
  return `<table><caption>Which node served each step. This is the balancer&#39;s own log, from your click to your return: another browser&#39;s requests in the same seconds would stand here too.</caption>
<thead><tr><th scope="col">Step</th><th scope="col">Node</th><th scope="col">Answer</th></tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function signInButtons(first: boolean): string {
  return `<div class="buttons"><a class="button${first ? ' first' : ''}" href="/login">Sign in</a>
<a class="button" href="/login?binding=post">Sign in by POST</a>
<a class="button" href="/login?force=1">Ask for the password again</a>
<a class="button" href="/login?passive=1">Only if no page is needed</a></div>`;
}

function otherSection(page: HomePage): string {
  if (page.other === null) return '';
  return `<section><h2>Single sign-on</h2><p>The same identity provider serves <a href="${escapeHtml(page.other.url)}">${escapeHtml(page.other.title)}</a>: once you are signed in here, signing in there shows no page.</p></section>`;
}

function rows(caption: string, entries: readonly (readonly [string, string])[]): string {
  const body = entries.map(
    ([key, value]) => `<tr><th scope="row">${escapeHtml(key)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<h2>${escapeHtml(caption)}</h2><table class="facts"><tbody>${body.join('')}</tbody></table>`;
}

function layout(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="stylesheet" href="/style.css"></head>
<body><main><p class="kicker">${escapeHtml(title)}: a demo service provider</p>${body}</main></body></html>
`;
}

function instant(ms: number): string {
  return Number.isNaN(ms)
    ? 'not said'
    : new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' UTC');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
