// Owns: what can be set per party, in a YAML file beside its metadata. Leaves to party-file.ts: where the file is.
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { addSchemaProblems } from '../config/schema-problems.ts';
import type { Problem } from '../lib/problems.ts';
import { Problems } from '../lib/problems.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../xml/algorithms.ts';
import { CONTENT_ALGORITHMS, type ContentAlgorithm, KEY_TRANSPORTS, type KeyTransport } from '../xml/encrypt.ts';
import { consentMembers } from './consent-setting.ts';
import { assuranceSetting, attributesSetting, languageSetting } from './release-setting.ts';

const name = z.string().min(1).max(256);
const signatureAlgorithms = Object.keys(SIGNATURE_ALGORITHMS) as [SignatureAlgorithm, ...SignatureAlgorithm[]];

const contentAlgorithms = Object.keys(CONTENT_ALGORITHMS) as [ContentAlgorithm, ...ContentAlgorithm[]];
const keyTransports = Object.keys(KEY_TRANSPORTS) as [KeyTransport, ...KeyTransport[]];

export const partySettingsSchema = z.strictObject({
  displayName: z.string().min(1).max(100).optional(),
  /** What people read on the way to this party where their browser asks for no language that there is. */
  language: languageSetting.optional(),
  nameId: z
    .strictObject({
      format: z.enum(['transient', 'persistent', 'emailAddress', 'unspecified']),
      /** Where the value of emailAddress and unspecified comes from. */
      attribute: name.optional(),
    })
    .optional(),
  attributes: attributesSetting.optional(),
  /** Whether people are asked before it is told about them, and on which terms. */
  ...consentMembers,
  attributeTypes: z.boolean().default(false),
  signAssertions: z.boolean().optional(),
  signatureAlgorithm: z.enum(signatureAlgorithms).optional(),
  encryption: z
    .strictObject({
      use: z.enum(['when-possible', 'required', 'never']).default('when-possible'),
      content: z.enum(contentAlgorithms).optional(),
      keyTransport: z.enum(keyTransports).optional(),
    })
    .prefault({}),
  requireSignedRequests: z.boolean().default(false),
  idpInitiated: z
    .strictObject({ allowed: z.boolean().default(false), relayStates: z.array(z.string().max(512)).default([]) })
    .prefault({}),
  assurance: assuranceSetting.prefault({}),
  /** Seconds until the party should ask again; never beyond the end of the session. */
  sessionLifetime: z.int().min(60).max(31_536_000).optional(),
});

export type PartySettings = Readonly<z.output<typeof partySettingsSchema>>;

/** The settings of a party without a file of its own. */
export const DEFAULT_SETTINGS: PartySettings = partySettingsSchema.parse({});

/** Reads settings; `source` names the file in problems, all of which come at once. */
export function readPartySettings(text: string, source: string): PartySettings | readonly Problem[] {
  const problems = new Problems();
  const document = parseDocument(text, { uniqueKeys: true });
  for (const error of document.errors) {
    problems.add(source, error.message.split('\n')[0] ?? error.code, 'YAML');
  }
  if (problems.any()) return problems.list();
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch {
    problems.add(source, 'an alias', 'plain values');
    return problems.list();
  }
  const parsed = partySettingsSchema.safeParse(value);
  if (parsed.success) {
    addContradictions(parsed.data, source, problems);
    return problems.any() ? problems.list() : parsed.data;
  }
  addSchemaProblems(problems, partySettingsSchema, value, parsed.error.issues, (path) => pathIn(source, path));
  return problems.list();
}

function addContradictions(settings: PartySettings, source: string, problems: Problems): void {
  const { nameId } = settings;
  if (nameId?.format === 'unspecified' && nameId.attribute === undefined) {
    problems.add(`${source}: nameId.attribute`, 'nothing', 'the attribute that the unspecified NameID is taken from');
  }
  if (nameId?.attribute !== undefined && (nameId.format === 'transient' || nameId.format === 'persistent')) {
    problems.add(
      `${source}: nameId.attribute`,
      `'${nameId.attribute}'`,
      `nothing: a ${nameId.format} NameID is computed`,
    );
  }
  if (settings.idpInitiated.relayStates.length > 0 && !settings.idpInitiated.allowed) {
    problems.add(`${source}: idpInitiated.allowed`, 'false', 'true, because relayStates are listed');
  }
}

function pathIn(source: string, parts: readonly PropertyKey[]): string {
  const dotted = parts.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return dotted === '' ? source : `${source}: ${dotted.replace(/^\./, '')}`;
}
