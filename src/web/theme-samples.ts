// Owns: one example of every page, with everything on it. A theme that cannot show them is refused before anybody sees it.
import { METHOD_NUMBERS, type MethodName } from '../core/authentication-event.ts';
import type { CredentialKind } from '../core/credential.ts';
import type { Language } from '../core/language.ts';
import type { Body } from '../core/reply.ts';
import type { EnrolmentPage, FactorPage } from '../methods/factor-method.ts';
import type { Pages } from './pages.ts';
import { wordsIn } from './words.ts';

const TOKEN = 'sample-form-token';
const ACS = 'https://sp.example/acs';
/** As long as they come. */
const PARTY = 'Payroll and travel expenses of the administrative union South';
const PERSON = 'maximiliana.grossmueller-suessenbach@administrative-union.example.org';
const METHODS = Object.keys(METHOD_NUMBERS) as MethodName[];
const KINDS: readonly CredentialKind[] = ['totp', 'webauthn', 'recovery-codes', 'email', 'sms'];

const QUESTIONS: readonly (FactorPage | null)[] = [
  null,
  { kind: 'totp', digits: 6 },
  { kind: 'recovery-code', remaining: 3 },
  { kind: 'sent-code', by: 'sms', credential: 'sample', destination: '+49…67', digits: 6 },
  {
    kind: 'sent-code',
    by: 'email',
    credential: 'sample',
    destination: 'm…@administrative-union.example.org',
    digits: 6,
  },
  { kind: 'webauthn', options: '{}' },
];

const ENROLMENTS: readonly (readonly [CredentialKind, EnrolmentPage | null])[] = [
  ...KINDS.map((kind) => [kind, null] as const),
  ['totp', { kind: 'totp', secret: 'ABCD EFGH', uri: 'otpauth://totp/x', qr: '<svg></svg>', digits: 6 }],
  ['recovery-codes', { kind: 'recovery-codes', codes: ['AAAA-BBBB', 'CCCC-DDDD'] }],
  ['sms', { kind: 'sent-code', by: 'sms', destination: '+4930123', digits: 6 }],
  ['webauthn', { kind: 'webauthn', options: '{}' }],
];

/** Every page once, with long names on it. */
export interface Samples {
  /** With a form of their own. */
  readonly posts: readonly Body[];
  readonly others: readonly Body[];
  readonly autoPost: string;
}

/** @throws what a template throws. */
export function samplesOf(pages: Pages, language: Language): Samples {
  const words = wordsIn(language);
  const form = { action: '/flow/sample', formToken: TOKEN, relyingParty: PARTY, loginName: PERSON, problem: 'No.' };
  const ways = METHODS.map((method) => ({ choose: method, label: words.ways[method] }));
  const posts: Body[] = [
    pages.login(language, 200, { ...form, note: 'Again.', ways, passkey: { options: '{}', seconds: 300 } }),
    ...QUESTIONS.map((question) => pages.factor(language, 200, { ...form, method: 'totp', question, ways })),
    pages.logout(language, { ...form, fields: [['state', 'x']], participants: [PARTY] }),
    pages.enrolChoice(language, 200, { ...form, kinds: KINDS, until: 'tomorrow', destination: '' }),
    ...ENROLMENTS.map(([kind, question]) =>
      pages.enrol(language, 200, {
        ...form,
        kind,
        question,
        replaces: true,
        destination: '',
        seconds: 60,
        back: '/account',
      }),
    ),
    pages.consent(language, {
      ...form,
      digest: 'sample-digest',
      host: 'wiki.example.org',
      told: [{ label: 'name', values: ['Alice'], more: 'and 2 more' }],
      later: ['nickname'],
      tosUri: 'https://wiki.example.org/terms',
      policyUri: 'https://wiki.example.org/privacy',
      kept: 'kept',
    }),
    pages.account(language, {
      ...form,
      notice: 'Yes.',
      noticeIsProblem: false,
      canChangePassword: true,
      factors: {
        list: [{ id: 'sample', kind: 'totp', name: 'Phone', details: ['new'] }],
        addable: KINDS,
        codesLeft: 2,
      },
      agreements: [{ party: 'oidc:wiki', name: 'Wiki', since: 'since today' }],
      signIns: [{ when: 'today', how: 'password', where: '192.0.2.1', note: 'this one' }],
    }),
    pages.password(language, 200, { ...form, least: 12 }),
    pages.accountFactor(language, { ...form, name: 'Phone', label: 'Phone', removable: true }),
    pages.home(language, {
      ...form,
      tiles: [
        { kind: 'post', id: 'wiki', displayName: PARTY },
        { kind: 'link', href: 'https://wiki.example.org/', displayName: PARTY },
      ],
    }),
  ];
  const others = [
    pages.message(language, 200, {
      title: 'Title',
      text: ['Text'],
      reference: 'r',
      links: [{ href: '/', label: 'x' }],
    }),
  ];
  const autoPost = pages.autoPost(language, { action: ACS, fields: [['RelayState', 'x']] });
  return { posts, others, autoPost };
}

/**
 * What is wrong with the pages, made once each. `own`: Signet's, which a page of a theme must not ask less than.
 * @throws what a template throws.
 */
export function renderSamples(
  pages: Pages,
  own: Pages,
  language: Language,
): readonly { readonly found: string; readonly wanted: string }[] {
  const { posts, others, autoPost } = samplesOf(pages, language);
  const ours = samplesOf(own, language);
  const lost = [...posts.map(({ text }) => text), autoPost].flatMap((text, i) => {
    const fields = fieldsOf(text);
    const wanted = fieldsOf([...ours.posts.map((post) => post.text), ours.autoPost][i] ?? '');
    const missing = [...wanted].filter((name) => !fields.has(name) && name !== 'form_token');
    return missing.length === 0 ? [] : [{ title: titleOf(text), missing: missing.join(', ') }];
  });
  const without = [
    ...posts.filter(({ text }) => !text.includes(TOKEN)).map(({ text }) => titleOf(text)),
    ...(autoPost.includes(ACS) ? [] : ['auto-post']),
  ];
  const scripted = [...posts, ...others].filter(({ text }) =>
    /<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=/i.test(text),
  );
  return [
    ...without.map((title) => ({ found: `the page '${title}' without its form`, wanted: 'the form, with form_token' })),
    ...lost.map(({ title, missing }) => ({
      found: `the page '${title}' without ${missing}`,
      wanted: 'every field and button of the page that it takes the place of',
    })),
    ...scripted.map(({ text }) => ({
      found: `the page '${titleOf(text)}' with a script or style inside`,
      wanted: 'none: the Content-Security-Policy would stop it',
    })),
  ];
}

/** The names that a page's forms post. */
function fieldsOf(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/<(?:input|button)\b[^>]*\sname="([^"]+)"/g)].map(([, name = '']) => name));
}

function titleOf(text: string): string {
  return /<title>([^<]*)</.exec(text)?.[1] ?? '';
}
