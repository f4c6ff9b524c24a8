// Owns: how a person comes to have an authenticator app: a secret, shown as text and as a picture, that counts only once
// its first code was typed. Leaves to web/: sealing the secret until then; to the store: adding it.
import { generateURI, ScureBase32Plugin } from 'otplib';
import { toString as drawQr } from 'qrcode';
import type { Account } from '../core/account.ts';
import { type DataKeys, secretContext } from '../core/secrets-at-rest.ts';
import type { Random } from '../lib/random.ts';
import { newCredentialId, packPending, unpackPending } from './credential-id.ts';
import { expired, wrong } from './factor-attempt.ts';
import {
  CODE_FIELD,
  CREDENTIALS_PER_KIND,
  ENROLMENT_SECONDS,
  type FactorEnrolment,
  LABEL_FIELD,
  type PendingEnrolment,
} from './factor-method.ts';
import { matchingSteps, TOTP_DIGITS, TOTP_SECRET_BYTES } from './totp-code.ts';
import { readDigits, readLabel } from './typed-code.ts';

export interface TotpEnrolmentOptions {
  readonly keys: Pick<DataKeys, 'encrypt'>;
  readonly random: Random;
  /** What the app lists the account under. */
  readonly serviceName: string;
}

const base32 = new ScureBase32Plugin();
const SECRET = { least: TOTP_SECRET_BYTES, most: TOTP_SECRET_BYTES } as const;

export function createTotpEnrolment({ keys, random, serviceName }: TotpEnrolmentOptions): FactorEnrolment {
  return {
    kind: 'totp',
    begin: async ({ account, enrolled }) => {
      // The disabled ones too: what somebody disabled is no room for more.
      if (enrolled.credentials.filter(({ data }) => data.kind === 'totp').length >= CREDENTIALS_PER_KIND) {
        return { kind: 'failed', failure: { kind: 'too-many' }, because: 'too-many', accountId: account.id };
      }
      return { kind: 'ready', pending: packPending(newCredentialId(random), random(TOTP_SECRET_BYTES)) };
    },
    page: async ({ account }, pending) => {
      const secret = secretOf(pending)?.rest;
      if (secret === undefined) return null;
      const text = base32.encode(secret, { padding: false });
      const uri = otpauthUri(serviceName, account, text);
      return {
        kind: 'totp',
        secret: text.replace(/(.{4})(?=.)/g, '$1 '),
        uri,
        qr: await picture(uri),
        digits: TOTP_DIGITS,
      };
    },
    confirm: async ({ account }, form, pending, { now }) => {
      if (now >= pending.at + ENROLMENT_SECONDS) return expired(account.id);
      const made = secretOf(pending);
      if (made === null) return wrong(account.id, 'unusable-input');
      const code = readDigits(form.get(CODE_FIELD) ?? '', TOTP_DIGITS);
      if (code === null) return wrong(account.id, 'unusable-input');
      // Nothing is counted: the person is looking at the secret, so there is nothing to guess.
      const lastStep = matchingSteps(made.rest, code, now).at(-1);
      if (lastStep === undefined) return wrong(account.id, 'mismatch');
      const secret = keys.encrypt(secretContext(account.id, made.id, 'totp-secret'), made.rest);
      const label = readLabel(form.get(LABEL_FIELD) ?? '');
      const data = { kind: 'totp', secret, lastStep } as const;
      return { kind: 'enrolled', credential: { id: made.id, label, createdAt: now, data }, recoveryHashes: null };
    },
  };
}

function secretOf({ data }: PendingEnrolment) {
  return unpackPending(data, SECRET);
}

/** Names in the label are separated by a colon, and long ones make a picture that no camera reads. */
function otpauthUri(serviceName: string, { loginName }: Account, secret: string): string {
  return generateURI({ issuer: labelPart(serviceName), label: labelPart(loginName), secret });
}

function labelPart(text: string): string {
  return [...text.replace(/[:\p{C}]+/gu, ' ').trim()].slice(0, 48).join('');
}

/** Black on white whatever the page's colours, with the quiet zone that scanners want. Lines and numbers only. */
async function picture(uri: string): Promise<string> {
  return (await drawQr(uri, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 })).trim();
}
