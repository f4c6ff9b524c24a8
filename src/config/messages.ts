// Owns: how messages to people are configured: by mail, by text message, how many. Leaves to methods/: sending them.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { fileFault, type Problems } from '../lib/problems.ts';

const seconds = z.int().min(1).max(60);
const username = z.string().min(1).max(256).optional();
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export const mailSchema = z
  .strictObject({
    server: z.string().describe('smtps://HOST:465, or smtp://HOST:587 with STARTTLS, which is required'),
    from: z.email().max(254).describe('the address that messages come from'),
    username: username.describe('its password is in SIGNET_MAIL_PASSWORD'),
    caFile: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('PEM; only what these sign is trusted, instead of what the system trusts'),
    timeout: seconds.default(10),
  })
  .optional();

export const smsSchema = z
  .strictObject({
    url: z.string().describe('where To, From and Body are posted as a form, the way Twilio reads it; https'),
    from: z.string().min(1).max(64).describe('the sender as the provider knows it'),
    username: username.describe('for HTTP Basic; its password is in SIGNET_SMS_PASSWORD'),
    prefixes: z
      .array(z.string().regex(/^\+[1-9]\d{0,6}$/, 'the beginning of a number in international form, for example +49'))
      .min(1)
      .max(256)
      .describe('messages go to numbers that begin with one of these, and to no others'),
    timeout: seconds.default(10),
  })
  .optional();

export const codesSchema = z
  .strictObject({
    spacing: z.int().min(1).max(3600).default(30).describe('seconds between one code and the next'),
    sends: z.int().min(1).max(100).default(5).describe('codes to one account, and to one address, in a window'),
    window: z.int().min(60).max(86_400).default(900),
  })
  .prefault({});

type Mail = NonNullable<z.output<typeof mailSchema>>;
type Sms = NonNullable<z.output<typeof smsSchema>>;

export interface MailConfig extends Mail {
  readonly password: string | null;
  /** The contents of `caFile`. */
  readonly ca: string | null;
}

export interface SmsConfig extends Sms {
  readonly password: string | null;
}

/** With the password from the environment, the authorities read, and everything said that is wrong. */
export function completeMail(
  mail: Mail | undefined,
  at: (name: string) => string,
  password: string | null,
  problems: Problems,
): MailConfig | null {
  if (mail === undefined) {
    checkPassword('mail', false, false, password, problems);
    return null;
  }
  const url = URL.canParse(mail.server) ? new URL(mail.server) : null;
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '' || isMore(url)) {
    // What stands before an @ may be a password.
    problems.add('mail.server', withoutUser(mail.server), 'smtps://HOST:465 or smtp://HOST:587, and nothing else');
  }
  checkPassword('mail', true, mail.username !== undefined, password, problems);
  return { ...mail, password, ca: mail.caFile === undefined ? null : readAuthorities(at(mail.caFile), problems) };
}

/** With the password from the environment, and everything said that is wrong. */
export function completeSms(sms: Sms | undefined, password: string | null, problems: Problems): SmsConfig | null {
  if (sms === undefined) {
    checkPassword('sms', false, false, password, problems);
    return null;
  }
  const url = URL.canParse(sms.url) ? new URL(sms.url) : null;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname));
  if (!isSafe || url.username !== '' || url.password !== '') {
    problems.add(
      'sms.url',
      withoutUser(sms.url),
      'https, without a user; plain http only on localhost, 127.0.0.1 or [::1]',
    );
  }
  checkPassword('sms', true, sms.username !== undefined, password, problems);
  return { ...sms, password };
}

function isMore({ username, password, pathname, search, hash }: URL): boolean {
  return username !== '' || password !== '' || !['', '/'].includes(pathname) || search !== '' || hash !== '';
}

function withoutUser(address: string): string {
  return address.replace(/\/\/.*@/, '//…@');
}

function checkPassword(
  section: 'mail' | 'sms',
  configured: boolean,
  hasUser: boolean,
  password: string | null,
  problems: Problems,
): void {
  const variable = `SIGNET_${section.toUpperCase()}_PASSWORD`;
  if (hasUser && password === null) problems.add(`${section}.username`, 'no password', `one in ${variable}`);
  if (!hasUser && password !== null) {
    problems.add(`environment ${variable}`, 'a password', configured ? `${section}.username` : `a section ${section}`);
  }
}

function readAuthorities(path: string, problems: Problems): string | null {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    problems.add('mail.caFile', path, 'certificates in PEM');
  } catch (error) {
    problems.add('mail.caFile', `${path}: ${fileFault(error)}`, 'a file that can be read');
  }
  return null;
}
