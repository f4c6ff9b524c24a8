// Owns: a node whose people have second factors: the desks over one-node.ts's files, with a store of enrolments in memory
// that the test can change and take away. Requests and replies are data here; HTTP itself is in test/flows/login.test.ts.
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import { type AccountId, isUnavailable } from '../../src/core/account.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Credential } from '../../src/core/credential.ts';
import type { Reply } from '../../src/core/reply.ts';
import { secretContext } from '../../src/core/secrets-at-rest.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { FactorMethod } from '../../src/methods/factor-method.ts';
import { HASH_POOL_DEFAULTS, openHashPool } from '../../src/methods/hash-pool.ts';
import { createPasswordMethod } from '../../src/methods/password.ts';
import { createTotpMethod } from '../../src/methods/totp.ts';
import type { PasskeySignIn } from '../../src/methods/webauthn.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { createPreparedParties } from '../../src/protocols/saml/prepared-party.ts';
import { createSamlAdapter } from '../../src/protocols/saml/saml-adapter.ts';
import { createSsoEndpoint } from '../../src/protocols/saml/sso-endpoint.ts';
import { createSealer } from '../../src/sealer/seal.ts';
import { createNodeSpent, createSpentTable } from '../../src/state/spent-table.ts';
import { createAnswerDesk } from '../../src/web/answer-desk.ts';
import { formatSetCookie, parseCookies } from '../../src/web/cookie-header.ts';
import type { Desk } from '../../src/web/desk.ts';
import { createDeviceCookie } from '../../src/web/device-cookie.ts';
import { createFlowCookies } from '../../src/web/flow-cookies.ts';
import { createFormTokens } from '../../src/web/form-token.ts';
import { createLoginDesk } from '../../src/web/login-desk.ts';
import type { LoginEnrolment } from '../../src/web/login-visit.ts';
import type { RequestFacts } from '../../src/web/request-facts.ts';
import { createSessionCookie } from '../../src/web/session-cookie.ts';
import { openTheme } from '../../src/web/theme.ts';
import { wordsIn } from '../../src/web/words.ts';
import { createWorld, type World } from '../methods/factor-person.ts';
import { type Answer, type Ask, type OneNode, plainSpMetadata, startOneNode } from './one-node.ts';

export interface FactorNode extends OneNode {
  readonly world: World;
  readonly audited: AuditEvent[];
  readonly idOf: (loginName: string) => Promise<AccountId>;
  /** Gives somebody an authenticator app; returns its id. */
  readonly giveApp: (loginName: string) => Promise<string>;
  /** What the app of that id shows now. */
  readonly codeOf: (appId: string) => string;
  /** How often the store of enrolments was read. */
  readonly reads: () => number;
}

export interface FactorNodeOptions {
  /** Beside the authenticator app. */
  readonly factors?: (world: World, desk: Desk) => readonly FactorMethod[];
  readonly enrolment?: (world: World) => LoginEnrolment;
  readonly passkeys?: (world: World, desk: Desk) => PasskeySignIn;
  /** Settings by the name of the party, which is at https://NAME.example.org. */
  readonly parties?: Readonly<Record<string, string>>;
}

/** Parties: `sp` takes any proof, `strong` wants aal2; more by options. People: alice, bob. */
export async function startFactorNode(options: FactorNodeOptions = {}): Promise<FactorNode> {
  const settings: Readonly<Record<string, string>> = {
    sp: '',
    strong: 'assurance: { floor: aal2 }',
    ...options.parties,
  };
  const names = Object.keys(settings);
  const base = await startOneNode({ parties: names.map((name) => plainSpMetadata(`https://${name}.example.org`)) });
  const { parts } = base.node;
  const { folder } = base.config.parties;
  for (const file of await readdir(folder)) {
    const name = names.find((one) => file.startsWith(`${one}-example`));
    if (file.endsWith('.xml') && name)
      await writeFile(join(folder, file.replace('.xml', '.yaml')), settings[name] ?? '');
  }
  await parts.parties.reload();

  const world = createWorld(5);
  const audited: AuditEvent[] = [];
  const secrets = new Map<string, Buffer>();
  let reads = 0;
  const random = systemRandom();
  const pool = openHashPool({ ...HASH_POOL_DEFAULTS, workers: 1, queue: 8, onEvent: () => {} });
  const { desk, endpoint, adapter } = createTestDesk(base, audited);
  const factors = [createTotpMethod(world), ...(options.factors?.(world, desk) ?? [])];
  const answers = createAnswerDesk({
    desk,
    requestClaim: ({ answerTo }) => adapter.requestClaim(answerTo),
    onFinished: (session, proved, facts) =>
      world.throttle.finished(session.accountId, proved, facts.address, facts.now),
    onJoined: () => {},
    keepConsent: async () => true,
    onAnswered: () => {},
  });
  const login = createLoginDesk({
    desk,
    answers,
    password: createPasswordMethod({
      directories: parts.directories,
      pool,
      throttle: world.throttle,
      defaultCost: { memory: 64, time: 1, parallelism: 1 },
      random,
    }),
    factors,
    passkeys: options.passkeys?.(world, desk) ?? null,
    credentials: {
      list: (id) => {
        reads += 1;
        return world.store.list(id);
      },
    },
    possible: ['password', 'passkey', ...factors.map(({ name }) => name)],
    enrolment: options.enrolment?.(world) ?? null,
    consents: null,
    relyingParty: (key) => parts.parties.relyingParty(key) ?? null,
    publicOrigin: base.config.publicOrigin,
  });

  const answer = async (facts: RequestFacts): Promise<Reply> => {
    const [, flow, id = ''] = facts.path.split('/');
    if (flow === 'flow') return facts.method === 'GET' ? login.show(id, facts) : login.submit(id, facts);
    return login.begin(await endpoint.receiveRedirect(facts.rawQuery), facts);
  };
  const idOf = async (loginName: string): Promise<AccountId> => {
    const found = await parts.directories.findByLoginName(loginName);
    if (found === null || isUnavailable(found)) throw new Error(`no ${loginName}`);
    return found.id;
  };
  return {
    ...base,
    world,
    audited,
    idOf,
    ask: async (ask) => answerOf(desk, await answer(factsOf(ask, base.time.now))),
    giveApp: async (loginName) => {
      const accountId = await idOf(loginName);
      const id = random(9).toString('base64url');
      const secret = random(20);
      secrets.set(id, secret);
      const data = {
        kind: 'totp',
        secret: world.keys.encrypt(secretContext(accountId, id, 'totp-secret'), secret),
      } as const;
      const credential: Omit<Credential, 'lastUsedAt' | 'disabled'> = {
        id,
        label: '',
        createdAt: 1,
        lineage: [],
        data: { ...data, lastStep: 0 },
      };
      await world.store.add(accountId, credential, world.store.now(accountId).version);
      return id;
    },
    codeOf: (id) => generateSync({ secret: secrets.get(id) ?? Buffer.alloc(20), epoch: base.time.now }),
    reads: () => reads,
    close: async () => {
      await pool.close();
      await base.close();
    },
  };
}

function createTestDesk({ config, node: { parts }, time }: OneNode, audited: AuditEvent[]) {
  const random = systemRandom();
  const clock = (): number => time.now;
  const sealer = createSealer({
    ring: parts.keyring.current,
    reread: () => false,
    clock,
    random,
    observe: () => {},
  });
  const { entityId, publicUrl } = config;
  const prepared = createPreparedParties(parts.signers, false);
  const shared = { entityId, registry: parts.parties, prepared, sealer, clock, random, issueInstantSkew: 300 };
  const adapter = createSamlAdapter({
    ...shared,
    stableSecret: parts.stableSecret,
    kidByPrefix: () => null,
    assertionLifetime: 300,
    skew: 60,
    sessionAbsolute: config.session.absolute,
    scope: 'example.org',
  });
  const { revocations } = parts;
  const spent = createSpentTable(1024, random);
  const { pages } = openTheme(null);
  const sessionName = '__Host-signet_sso';
  const desk: Desk = {
    sessions: createSessionCookie({
      name: sessionName,
      sealer,
      revocations,
      policy: config.session,
      skew: config.skew,
      onParticipantsDropped: () => {},
    }),
    flows: createFlowCookies({
      prefix: '__Host-signet_f_',
      otherNames: [sessionName],
      secure: true,
      sealer,
      revocations,
      random,
    }),
    devices: createDeviceCookie({ name: '__Host-signet_device', sealer, revocations, random }),
    forms: createFormTokens(parts.stableSecret.derive('form-token')),
    pages,
    // Only SAML is spoken here.
    adapters: { saml: adapter, oidc: adapter, account: adapter, cas: adapter },
    directory: parts.directories,
    spent: createNodeSpent(spent),
    spentHere: spent,
    revocations,
    metrics: createMetrics('test'),
    random,
    log: { info: () => {} },
    audit: (event) => audited.push(event),
    page: (name, status, facts) =>
      pages.message('en', status, { ...wordsIn('en').pages[name], reference: facts.requestId }),
    sidRevocationSeconds: 3665,
  };
  return { desk, adapter, endpoint: createSsoEndpoint({ ...shared, ssoUrl: `${publicUrl}/saml/idp/sso` }) };
}

let counter = 0;

function factsOf({ path: target, form, headers = {}, method }: Ask, now: number): RequestFacts {
  const [path = '', rawQuery = ''] = target.split('?');
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  counter += 1;
  return {
    method: method ?? (form === undefined ? 'GET' : 'POST'),
    path,
    rawQuery,
    form: new Map(Object.entries(form ?? {})),
    lists: new Map(),
    cookies: parseCookies(lower.cookie),
    headers: lower,
    requestId: `r${counter}`,
    attempt: lower['x-request-id'] ?? null,
    address: '192.0.2.7',
    now,
  };
}

function answerOf({ pages }: Desk, reply: Reply): Answer {
  const setCookies = (reply.cookies ?? []).map((cookie) => formatSetCookie(cookie, true));
  const headers = Object.fromEntries(
    Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (reply.kind === 'redirect') {
    return { status: reply.status, headers: { ...headers, location: reply.location }, text: '', setCookies };
  }
  if (reply.kind === 'auto-post') return { status: 200, headers, text: pages.autoPost('en', reply), setCookies };
  return { status: reply.status, headers, text: reply.text, setCookies };
}
