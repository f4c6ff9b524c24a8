// Owns: measurements (b) and (c): signing alone, and opening and sealing a session, without HTTP.
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock } from '../src/lib/clock.ts';
import {
  assertionElement,
  attributeElement,
  attributeName,
  audienceElement,
  issuerElement,
} from '../src/saml/assertion.ts';
import { nameIdElement } from '../src/saml/name-id.ts';
import { AUTHN_CONTEXT } from '../src/saml/names.ts';
import { decodeSession, encodeSession } from '../src/sealed/session-body.ts';
import { ssoSession } from '../src/sealer/purpose.ts';
import { isSealRefusal } from '../src/sealer/seal.ts';
import { canonical, prepare, type XmlElement } from '../src/xml/build.ts';
import { createXmlSigner, signElement } from '../src/xml/sign.ts';
import { ATTRIBUTES, type Folder, SP_ACS, SP_ENTITY_ID } from './identity-provider.ts';
import { openSealer, SESSION_COOKIE } from './sessions.ts';
import { median } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface InProcessPlan {
  readonly rounds: number;
  /** Per round and measurement. */
  readonly milliseconds: number;
}

/** This process has one core, so a signature that runs on the thread pool gains nothing by it. */
export async function measureSigning(folder: Folder, plan: InProcessPlan): Promise<readonly Row[]> {
  const privateKey = createPrivateKey(readFileSync(folder.keyFile));
  const certificatePem = readFileSync(folder.certificateFile, 'utf8');
  const signer = createXmlSigner({ privateKey, certificatePem, algorithm: 'rsa-sha256' });
  const id = `_${randomBytes(16).toString('hex')}`;
  const assertion = typicalAssertion(id, folder);
  const data = Buffer.from(canonical(assertion)).subarray(0, 800);
  const element: number[] = [];
  const raw: number[] = [];
  for (let i = 0; i <= plan.rounds; i++) {
    raw.push(await perSecond(plan.milliseconds, () => sign('sha256', data, privateKey)));
    element.push(await perSecond(plan.milliseconds, () => signElement(assertion, { id, signer, after: 'Issuer' })));
  }
  // The first round is the compiler's.
  const ratio = median(element.slice(1).map((rate, i) => rate / (raw[i + 1] ?? 0)));
  return [
    {
      what: '(b) signing an assertion, in process',
      value: `${number(median(element.slice(1)))}/s`,
      comparedWith: `crypto.sign: ${number(median(raw.slice(1)))}/s`,
      ratio: ratio.toFixed(2),
      bar: '',
      held: null,
    },
  ];
}

function typicalAssertion(id: string, folder: Folder): XmlElement {
  const now = systemClock();
  const issuer = issuerElement(`${folder.publicUrl}/saml/idp/metadata`);
  return assertionElement({
    id,
    issueInstant: now,
    issuer,
    nameId: nameIdElement(
      { kind: 'persistent', value: randomBytes(32).toString('base64url') },
      folder.publicUrl,
      SP_ENTITY_ID,
    ),
    recipient: SP_ACS,
    inResponseTo: `_${randomBytes(20).toString('hex')}`,
    notBefore: now - 60,
    notOnOrAfter: now + 240,
    audience: prepare(audienceElement(SP_ENTITY_ID)),
    authnInstant: now - 60,
    sessionIndex: randomBytes(16).toString('base64url'),
    sessionNotOnOrAfter: now + 43_000,
    classRef: AUTHN_CONTEXT.passwordProtectedTransport,
    attributes: [...ATTRIBUTES].map(([name, values]) => attributeElement(attributeName(name, false), values)),
  });
}

const PARTICIPANTS = 30;

export async function measureSealing(folder: Folder, plan: InProcessPlan): Promise<readonly Row[]> {
  const sealer = openSealer(folder);
  const iat = systemClock();
  const created = iat - 600;
  const session = {
    sid: randomBytes(16),
    accountId: randomBytes(16).toString('base64url'),
    created,
    events: [{ method: 'password', credentialId: 'credential-1', at: created }] as const,
    participants: Array.from({ length: PARTICIPANTS }, (_, i) => ({
      relyingParty: randomBytes(6).toString('hex'),
      at: created + i,
      nameId: { kind: 'derived' } as const,
    })),
    lineage: [],
  };
  const seal = (body: Uint8Array): string => {
    const sealed = sealer.seal(ssoSession, { context: SESSION_COOKIE, iat, exp: iat + 3600, body });
    if (isSealRefusal(sealed)) throw new Error(sealed.refused);
    return sealed.token;
  };
  const token = seal(encodeSession(session));
  const openAndSeal = (): void => {
    const opened = sealer.open(ssoSession, SESSION_COOKIE, token);
    const read = opened === null ? null : decodeSession(opened.body);
    if (read === null) throw new Error('the session cannot be opened');
    seal(encodeSession(read));
  };
  const rates: number[] = [];
  for (let i = 0; i <= plan.rounds; i++) rates.push(await perSecond(plan.milliseconds, openAndSeal));
  const rate = median(rates.slice(1));
  return [
    {
      what: `(c) unseal and seal, ${PARTICIPANTS} participants`,
      value: `${number(rate)}/s`,
      comparedWith: `${token.length} characters, ${number(1e6 / rate)} µs`,
      ratio: '',
      bar: '',
      held: null,
    },
  ];
}

/** How often `act` can be done in a second, measured for so long. */
async function perSecond(milliseconds: number, act: () => unknown): Promise<number> {
  const began = performance.now();
  let count = 0;
  let now = began;
  while (now - began < milliseconds) {
    await act();
    count += 1;
    now = performance.now();
  }
  return (count * 1000) / (now - began);
}
