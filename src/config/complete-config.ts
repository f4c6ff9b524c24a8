// Owns: what follows from several settings together, and from the environment's secrets: addresses, files, passwords.
// Leaves to config.ts: each setting by itself; to read-config.ts: where they come from.
import { hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import type { Problems } from '../lib/problems.ts';
import type { Config, configSchema } from './config.ts';
import { completeDatabase } from './database.ts';
import { completeDirectories } from './directories.ts';
import { type Environment, OIDC_PASSPHRASE_VARIABLE, SAML_PASSPHRASE_VARIABLE, variableName } from './environment.ts';
import { completeMail, completeSms } from './messages.ts';
import { completeWebauthn } from './webauthn.ts';

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The address that browsers use; null, with a problem, for one that cannot be served. */
export function readPublicUrl(text: string, problems: Problems): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    problems.add('publicUrl', JSON.stringify(text), 'an https address, for example https://idp.example.org');
  } else if (url.protocol === 'http:' && !LOOPBACK_HOSTS.has(url.hostname)) {
    problems.add('publicUrl', text, 'https; plain http only on localhost, 127.0.0.1 or [::1]');
  } else if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    problems.add('publicUrl', text, 'scheme, host and port only: cookies named __Host- need the path /');
  }
  return url;
}

/** What follows from several settings together: addresses, names of files, secrets of the environment. */
export function completeConfig(
  parsed: z.output<typeof configSchema>,
  folder: string,
  environment: Environment,
  problems: Problems,
): Config {
  const url = readPublicUrl(parsed.publicUrl, problems);
  const plainHttp = url?.protocol === 'http:';
  const { idle, absolute } = parsed.session;
  if (idle > absolute) problems.add('session.idle', `${idle}`, `at most session.absolute (${absolute})`);
  const publicOrigin = url?.origin ?? '';
  const at = (name: string): string => (isAbsolute(name) ? name : resolve(folder, name));
  const { saml } = parsed;
  return {
    ...parsed,
    publicUrl: publicOrigin,
    publicOrigin,
    plainHttp,
    folder,
    entityId: parsed.entityId ?? `${publicOrigin}/saml/idp/metadata`,
    nodeName:
      parsed.nodeName ??
      hostname()
        .replace(/[^\w.-]/g, '-')
        .slice(0, 64),
    serviceName: parsed.serviceName ?? url?.hostname ?? '',
    mail: completeMail(parsed.mail, at, environment[variableName(['mail', 'password'])] || null, problems),
    sms: completeSms(parsed.sms, environment[variableName(['sms', 'password'])] || null, problems),
    webauthn: completeWebauthn(parsed.webauthn, at, problems),
    keyring: { ...parsed.keyring, file: at(parsed.keyring.file) },
    dataKeyring: { ...parsed.dataKeyring, file: at(parsed.dataKeyring.file) },
    stableSecret: { ...parsed.stableSecret, file: at(parsed.stableSecret.file) },
    directories: completeDirectories(parsed.directories, at, environment, problems),
    database: completeDatabase(parsed.database, at, environment, folder, problems),
    saml: {
      ...saml,
      signing: {
        ...saml.signing,
        folder: at(saml.signing.folder),
        passphrase: environment[SAML_PASSPHRASE_VARIABLE] || null,
      },
    },
    oidc: {
      ...parsed.oidc,
      signing: {
        ...parsed.oidc.signing,
        folder: at(parsed.oidc.signing.folder),
        passphrase: environment[OIDC_PASSPHRASE_VARIABLE] || null,
      },
    },
    cas: {
      ...parsed.cas,
      callbackAuthorities: parsed.cas.callbackAuthorities === undefined ? null : at(parsed.cas.callbackAuthorities),
    },
    theme: parsed.theme === undefined ? null : at(parsed.theme),
    parties: { ...parsed.parties, folder: at(parsed.parties.folder) },
    revocations: { ...parsed.revocations, file: at(parsed.revocations.file) },
    audit: { file: parsed.audit.file === '-' ? '-' : at(parsed.audit.file) },
  };
}
