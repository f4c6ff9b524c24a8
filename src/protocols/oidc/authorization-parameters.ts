// Owns: the parameters of an authorization request as text: which there are, each at most once, none too long.
// Leaves to authorize-checks.ts: what they mean together.

/** RFC 6749, OpenID Connect Core, RFC 7636, 9101, 9126, 8707, 9449, and the response modes; others are ignored (§3.1). */
const CAPS = {
  client_id: 251,
  redirect_uri: 512,
  response_type: 64,
  response_mode: 32,
  scope: 512,
  state: 512,
  nonce: 256,
  prompt: 64,
  display: 32,
  max_age: 10,
  ui_locales: 128,
  login_hint: 256,
  acr_values: 512,
  id_token_hint: 4096,
  claims: 1024,
  code_challenge: 128,
  code_challenge_method: 16,
  dpop_jkt: 64,
  request: 16_384,
  request_uri: 2048,
  registration: 64,
} as const satisfies Readonly<Record<string, number>>;

/** OpenID Connect Core §3.1.2.1. */
export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const;

export type ParameterName = keyof typeof CAPS;

const RESOURCES_MAX = 5;
const RESOURCE_MAX_CHARACTERS = 512;

export interface AuthorizationParameters {
  /** Never empty: a parameter without a value counts as left out (RFC 6749 §3.1). */
  readonly get: (name: ParameterName) => string | null;
  /** RFC 8707 §2: the only one that may be repeated. Each once. */
  readonly resources: readonly string[];
  readonly repeated: string | null;
  readonly tooLong: string | null;
}

/** Reads pairs in their order; of a repeated parameter the first counts, until it is refused. */
export function readParameters(pairs: Iterable<readonly [string, string]>): AuthorizationParameters {
  const values = new Map<string, string>();
  const resources: string[] = [];
  let repeated: string | null = null;
  let tooLong: string | null = null;
  for (const [name, value] of pairs) {
    if (value === '') continue;
    if (name === 'resource') {
      if (resources.includes(value)) continue;
      if (resources.length === RESOURCES_MAX || value.length > RESOURCE_MAX_CHARACTERS) tooLong ??= name;
      else resources.push(value);
    } else if (isKnown(name)) {
      if (values.has(name)) repeated ??= name;
      else values.set(name, value);
      if (value.length > CAPS[name]) tooLong ??= name;
    }
  }
  return { get: (name) => values.get(name) ?? null, resources, repeated, tooLong };
}

function isKnown(name: string): name is ParameterName {
  return Object.hasOwn(CAPS, name);
}

/** The words of a space-separated list, each once. */
export function words(text: string | null): readonly string[] {
  return text === null ? [] : [...new Set(text.split(' ').filter((word) => word !== ''))];
}
