// Owns: what can be configured, with defaults. Leaves to read-config.ts: where the values come from.
// Every time is in seconds, so that a test or a trial can be quick.
import { z } from 'zod';
import { DEFAULT_ARGON2_COST, isAllowedCost } from '../lib/argon2-string.ts';
import { accountCacheSchema, clusterSchema, type DatabaseSettings, databaseSchema } from './database.ts';
import { type DirectorySettings, directoriesSchema } from './directories.ts';
import { codesSchema, type MailConfig, mailSchema, type SmsConfig, smsSchema } from './messages.ts';
import { type WebauthnConfig, webauthnSchema } from './webauthn.ts';

const seconds = z.int().min(0).max(31_536_000);
const positive = z.int().min(1).max(31_536_000);
/** `HOST:PORT`, `[::1]:8080`, or a port of 0 for any free one. */
const endpoint = z
  .string()
  .regex(/^(\[[0-9a-f:.]+\]|[^\s:[\]]+):\d{1,5}$/i, { error: 'HOST:PORT, for example 127.0.0.1:8080', abort: true })
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port of 65535 or less');
const file = z.string().min(1).max(1024);

const argon2 = z
  .strictObject({
    memory: z.int().min(8).max(1_048_576).default(DEFAULT_ARGON2_COST.memory).describe('KiB per hash'),
    time: z.int().min(1).max(32).default(DEFAULT_ARGON2_COST.time),
    parallelism: z.int().min(1).max(16).default(DEFAULT_ARGON2_COST.parallelism),
  })
  .refine(isAllowedCost, 'memory of at least 8 KiB for each of parallelism');

export const configSchema = z.strictObject({
  publicUrl: z.string().describe('the address that browsers use; https, or http on a loopback host'),
  entityId: z.string().min(1).max(1024).optional().describe('defaults to PUBLIC_URL/saml/idp/metadata'),
  listen: endpoint.default('0.0.0.0:8080'),
  management: endpoint.default('127.0.0.1:9090'),
  trustedProxies: z
    .array(z.string())
    .default([])
    .describe('addresses or CIDR blocks whose X-Forwarded-For and X-Request-Id are believed'),
  nodeName: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .optional()
    .describe('shown in logs; defaults to the host name'),
  nodeHeader: z.boolean().default(false).describe('send X-Signet-Node, for trials'),
  serviceName: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('what people read in messages and in their authenticator apps; defaults to the host of publicUrl'),
  skew: seconds.max(300).default(60),
  keyring: z
    .strictObject({
      file: file.default('keys/sealer.json'),
      minSerial: z.int().min(0).default(0),
      poll: positive.default(10),
    })
    .prefault({}),
  dataKeyring: z
    .strictObject({
      file: file.default('keys/data.json').describe('encrypts what people have enrolled; needed with a database'),
      minSerial: z.int().min(0).default(0),
      poll: positive.default(10),
    })
    .prefault({}),
  stableSecret: z
    .strictObject({
      file: file.default('keys/pairwise.json'),
      fingerprint: z.string().optional().describe('printed by init; a change of the secret must be confirmed here'),
    })
    .prefault({}),
  session: z
    .strictObject({ idle: positive.default(3600), absolute: positive.max(43_200).default(43_200) })
    .prefault({}),
  directories: directoriesSchema.describe('in the order in which they are believed'),
  database: databaseSchema,
  accountCache: accountCacheSchema,
  cluster: clusterSchema,
  password: z
    .strictObject({
      argon2: argon2.prefault({}),
      workers: z
        .int()
        .min(1)
        .max(64)
        .optional()
        .describe('hashing processes; defaults to the number of cores less one'),
      queue: z.int().min(1).max(10_000).default(64).describe('logins that may wait for a hash'),
      minLength: z.int().min(8).max(64).default(12).describe('characters of a password that a person chooses'),
    })
    .prefault({}),
  theme: file.optional().describe('a folder whose templates, styles and logo stand in place of our own'),
  mail: mailSchema.describe('without it nobody is sent a message by mail'),
  sms: smsSchema.describe('without it nobody is sent a text message'),
  codes: codesSchema.describe('how many codes are sent by mail and text message'),
  webauthn: webauthnSchema,
  throttle: z
    .strictObject({
      enabled: z.boolean().default(true),
      accountFailures: positive.default(5).describe('failures before an account has to wait'),
      deviceFailures: positive
        .default(10)
        .describe('failures in a row before a browser that a person has signed in with counts as any other'),
      addressFailures: positive
        .default(50)
        .describe(
          'failures before an address has to wait; of IPv6 a /64, a /56 after 4 and a /48 after 16 times as many',
        ),
      maxDelay: positive.default(60),
      window: positive.default(900),
      capacity: z.int().min(1000).default(100_000).describe('accounts, and addresses, that are counted'),
    })
    .prefault({}),
  saml: z
    .strictObject({
      signing: z
        .strictObject({
          folder: file.default('keys/saml-signing').describe('keys and certificates; signet signing-keys changes it'),
          poll: positive.default(10),
        })
        .prefault({}),
      metadataRefresh: positive.default(86_400).describe('how long parties may go on with metadata they have read'),
      wantAuthnRequestsSigned: z.boolean().default(false),
      publicMetadata: z.boolean().default(true),
      signMetadata: z.boolean().default(false),
      issueInstantSkew: positive.max(3600).default(300),
      assertionLifetime: positive.max(300).default(300),
      errorUrl: z.string().optional(),
      scopes: z.array(z.string()).default([]),
      displayName: z.string().optional(),
    })
    .prefault({}),
  oidc: z
    .strictObject({
      signing: z
        .strictObject({
          folder: file.default('keys/oidc-signing').describe('keys; signet signing-keys --for oidc changes it'),
          poll: positive.default(10),
        })
        .prefault({}),
      keysRefresh: positive.default(86_400).describe('how long clients may go on with keys they have read'),
    })
    .prefault({}),
  cas: z
    .strictObject({
      ticketSeconds: positive.max(60).default(10).describe('how long a service may take to validate a ticket'),
      callbackTimeout: positive.max(60).default(5).describe('how long a proxy may take to answer its callback'),
      callbackNetworks: z
        .array(z.string())
        .default([])
        .describe('addresses or CIDR blocks, beside public ones, that proxy callbacks may have'),
      callbackAuthorities: file
        .optional()
        .describe('PEM of the authorities of proxy callbacks; without it those that Node.js trusts'),
    })
    .prefault({}),
  parties: z.strictObject({ folder: file.default('parties'), poll: positive.default(5) }).prefault({}),
  revocations: z
    .strictObject({
      file: file.default('revocations.yaml'),
      poll: positive.default(5),
      staleAfter: positive.default(300),
      failMode: z.enum(['open', 'reauth', 'closed']).default('reauth'),
      capacity: z.int().min(100).default(500_000),
    })
    .prefault({}),
  spent: z.strictObject({ capacity: z.int().min(100).default(1_048_576) }).prefault({}),
  log: z.strictObject({ level: z.enum(['error', 'warn', 'info', 'debug']).default('info') }).prefault({}),
  audit: z.strictObject({ file: file.default('-').describe('a path, or - for standard output') }).prefault({}),
  shutdown: z
    .strictObject({
      lead: seconds.max(600).default(2).describe('not ready, yet still listening: until the balancer has noticed'),
      drain: seconds.default(30),
    })
    .prefault({}),
});

type Parsed = z.output<typeof configSchema>;

/** The whole configuration, frozen; paths are absolute and `publicUrl` has no trailing slash. */
export type Config = Readonly<
  Omit<Parsed, 'theme' | 'webauthn' | 'directories' | 'database' | 'saml' | 'oidc' | 'cas' | 'mail' | 'sms'>
> & {
  readonly serviceName: string;
  readonly webauthn: WebauthnConfig;
  readonly mail: MailConfig | null;
  readonly sms: SmsConfig | null;
  readonly saml: Parsed['saml'] & { readonly signing: { readonly passphrase: string | null } };
  readonly oidc: Parsed['oidc'] & { readonly signing: { readonly passphrase: string | null } };
  readonly cas: Omit<Parsed['cas'], 'callbackAuthorities'> & { readonly callbackAuthorities: string | null };
  readonly directories: readonly DirectorySettings[];
  readonly database: DatabaseSettings;
  /** null: the pages look as they come. */
  readonly theme: string | null;
  readonly entityId: string;
  readonly nodeName: string;
  readonly publicOrigin: string;
  /** Plain http on a loopback host: cookies then go without `Secure` and `__Host-`, and only then. */
  readonly plainHttp: boolean;
  /** The folder that relative paths start from. */
  readonly folder: string;
};
