// Owns: one registered CAS service: its document, and what its members may not say together.
// Leaves to service-url.ts: addresses; to party-registry.ts: finding it; to protocols/cas: serving it.
import { z } from 'zod';
import { addSchemaProblems } from '../config/schema-problems.ts';
import { relyingPartyHash } from '../core/relying-party.ts';
import { type Problem, Problems } from '../lib/problems.ts';
import { consentMembers, consentOf } from './consent-setting.ts';
import type { RegisteredParty } from './registered-party.ts';
import { assuranceSetting, attributesSetting, floorOf, languageSetting, releaseOf } from './release-setting.ts';
import { callbackUrlProblem, parseServiceUrl, type ServiceUrl, serviceUrlProblem } from './service-url.ts';

/** With `cas:` before it, it fits the sealed login (256 bytes). */
const url = z.string().min(1).max(252);

export const serviceSchema = z.strictObject({
  /** The service's address; with `match: prefix` also everything under it. */
  url,
  name: z.string().min(1).max(100).optional(),
  /** Of the pages, for browsers that want none of ours. */
  language: languageSetting.optional(),
  match: z.enum(['prefix', 'exact']).default('prefix'),
  /** Shown at `/`. */
  portal: z.boolean().default(true),
  /** The attribute that `<cas:user>` is; without it the login name. */
  user: z.string().min(1).max(256).optional(),
  attributes: attributesSetting.default([]),
  /** Whether people are asked before it is told about them, and on which terms. */
  ...consentMembers,
  assurance: assuranceSetting.prefault({}),
  proxy: z
    .strictObject({
      /** Where proxy-granting tickets may be sent, as text; with none the service may not be a proxy. */
      callbackUrls: z.array(z.string().min(1).max(512)).max(20).default([]),
    })
    .prefault({}),
});

type Settings = Readonly<z.output<typeof serviceSchema>>;

export interface Service extends RegisteredParty {
  readonly settings: Settings;
  readonly address: ServiceUrl;
}

/** Elements that a validation response has of its own (CAS Protocol, Appendix A). */
const RESERVED = new Set(['authenticationDate', 'longTermAuthenticationRequestTokenUsed', 'isFromNewLogin']);
/** An attribute is an element, and a member of JSON. */
const ELEMENT_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** A service from its document's value, or everything that is wrong with it. */
export function readService(value: unknown, source: string): Service | readonly Problem[] {
  const problems = new Problems();
  const parsed = serviceSchema.safeParse(value ?? {});
  if (!parsed.success) {
    const name = (path: readonly PropertyKey[]): string =>
      path.length === 0 ? source : `${source}: ${path.map(String).join('.')}`;
    addSchemaProblems(problems, serviceSchema, value ?? {}, parsed.error.issues, name);
    return problems.list();
  }
  const settings = parsed.data;
  const report = (member: string, found: string, wanted: string | null): void => {
    if (wanted !== null) problems.add(`${source}: ${member}`, `'${found}'`, wanted);
  };
  report('url', settings.url, serviceUrlProblem(settings.url, settings.match));
  const { callbackUrls } = settings.proxy;
  for (const [i, one] of callbackUrls.entries()) report(`proxy.callbackUrls[${i}]`, one, callbackUrlProblem(one));
  const release = releaseOf(settings.attributes);
  for (const [i, { name }] of release.entries()) {
    report(`attributes[${i}]`, name, ELEMENT_NAME.test(name) ? null : 'a name that an XML element can have');
    report(`attributes[${i}]`, name, RESERVED.has(name) ? 'a name that the protocol does not use itself' : null);
    const again = release.findIndex((other) => other.name === name) !== i;
    report(`attributes[${i}]`, name, again ? 'each name once' : null);
  }
  const address = parseServiceUrl(settings.url);
  if (problems.any() || address === null) return problems.list();
  const key = `cas:${settings.url}` as const;
  const displayName = settings.name ?? new URL(settings.url).hostname;
  return {
    relyingParty: {
      key,
      displayName,
      language: settings.language ?? null,
      floor: floorOf(settings.assurance),
      release,
      consent: consentOf(settings),
    },
    hash: relyingPartyHash(key),
    source,
    settings,
    address,
  };
}
