// Owns: what kinds of sealed values there are, and the limits of each. Append only: a purpose is never renamed or reused.
// Leaves to sealed/: what their bodies hold. Format: docs/sealed-values.md, Purposes.

/** One kind of sealed value. Its name stands in the key derivation and in the authenticated data. */
export interface Purpose {
  /** 1..32 characters of a-z, 0-9 and hyphen. */
  readonly name: string;
  /** Plaintexts are padded to a multiple of this many bytes, so that a length tells little. */
  readonly bucket: number;
  /** Longest exp − iat, in seconds. */
  readonly maxLifetime: number;
  /** Seconds after exp during which a node whose clock is behind may still accept the value. */
  readonly toleranceAfterExp: number;
  /** Longest token, in characters; without a prefix that a protocol puts in front. */
  readonly maxCharacters: number;
  /** The nonce is computed from the content, so the same content gives the same token again. */
  readonly deterministic: boolean;
  /** Body schemas that can be opened, newest last; the newest is written. */
  readonly schemas: readonly number[];
}

const NAME = /^[a-z0-9-]{1,32}$/;
/** One bucket must hold the header that precedes every body. */
const BUCKET_MIN = 16;

/**
 * Makes a purpose.
 * @throws RangeError when a name or a limit cannot be: a mistake in the program, found when it loads.
 */
export function definePurpose(
  name: string,
  limits: Omit<Purpose, 'name' | 'deterministic' | 'schemas'> & Partial<Pick<Purpose, 'deterministic' | 'schemas'>>,
): Purpose {
  const purpose = { deterministic: false, schemas: [1], ...limits, name };
  const { bucket, maxLifetime, toleranceAfterExp, maxCharacters, schemas } = purpose;
  const counts = [bucket, maxLifetime, toleranceAfterExp, maxCharacters, ...schemas];
  const sound = counts.every((count) => Number.isSafeInteger(count) && count > 0) && bucket >= BUCKET_MIN;
  const numbered = schemas.length > 0 && Math.max(...schemas) <= 255;
  if (!NAME.test(name) || !sound || !numbered) throw new RangeError(`purpose ${name}`);
  return Object.freeze({ ...purpose, schemas: Object.freeze([...schemas]) });
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The single sign-on session; context: the cookie's name. */
export const ssoSession = definePurpose('sso-session', {
  bucket: 64,
  maxLifetime: 12 * HOUR,
  toleranceAfterExp: 60,
  maxCharacters: 3072,
});

/** One login in progress; context: the cookie's name with its suffix. */
export const loginFlow = definePurpose('login-flow', {
  bucket: 64,
  maxLifetime: 8 * HOUR,
  toleranceAfterExp: 60,
  maxCharacters: 2000,
});

/** An authorization code; context: client_id. */
export const oidcCode = definePurpose('oidc-code', {
  bucket: 32,
  maxLifetime: MINUTE,
  toleranceAfterExp: 10,
  maxCharacters: 1024,
});

/** A refresh token; context: client_id. */
export const oidcRefresh = definePurpose('oidc-refresh', {
  bucket: 32,
  maxLifetime: 90 * DAY,
  toleranceAfterExp: 60,
  maxCharacters: 2048,
});

/** A pushed authorization request; context: client_id. */
export const oidcPar = definePurpose('oidc-par', {
  bucket: 32,
  maxLifetime: 10 * MINUTE,
  toleranceAfterExp: 10,
  maxCharacters: 1600,
});

/** What an access token stands for, inside it; context: client_id. */
export const oidcAccess = definePurpose('oidc-access', {
  bucket: 32,
  maxLifetime: 10 * MINUTE,
  toleranceAfterExp: 10,
  maxCharacters: 896,
});

/** A nonce for DPoP proofs; no context. */
export const oidcDpopNonce = definePurpose('oidc-dpop-nonce', {
  bucket: 16,
  maxLifetime: 10 * MINUTE,
  toleranceAfterExp: 10,
  maxCharacters: 96,
});

/** Something that a person is about to enrol; context: the cookie's name. */
export const enrolment = definePurpose('enrolment', {
  bucket: 64,
  maxLifetime: 10 * MINUTE,
  toleranceAfterExp: 10,
  maxCharacters: 768,
});

/** That somebody has signed in with this browser; context: the cookie's name. */
export const device = definePurpose('device', {
  bucket: 32,
  maxLifetime: 90 * DAY,
  toleranceAfterExp: 60,
  maxCharacters: 236,
});

/** A CAS service ticket; no context, the service's hash stands in the body. */
export const casSt = definePurpose('cas-st', {
  bucket: 32,
  maxLifetime: MINUTE,
  toleranceAfterExp: 10,
  maxCharacters: 253,
});

/** A CAS proxy ticket; no context. */
export const casPt = definePurpose('cas-pt', {
  bucket: 32,
  maxLifetime: MINUTE,
  toleranceAfterExp: 10,
  maxCharacters: 253,
});

/** A CAS proxy-granting ticket; no context. */
export const casPgt = definePurpose('cas-pgt', {
  bucket: 32,
  maxLifetime: 8 * HOUR,
  toleranceAfterExp: 60,
  maxCharacters: 252,
});

/** A transient SAML NameID, which can be made again for logout; context: the service provider's entityID. */
export const samlTransient = definePurpose('saml-transient', {
  bucket: 96,
  maxLifetime: 12 * HOUR,
  toleranceAfterExp: 60,
  maxCharacters: 256,
  deterministic: true,
});

/** Every purpose by name. */
export const PURPOSES: ReadonlyMap<string, Purpose> = new Map(
  [
    ssoSession,
    loginFlow,
    enrolment,
    device,
    oidcCode,
    oidcRefresh,
    oidcPar,
    oidcAccess,
    oidcDpopNonce,
    casSt,
    casPt,
    casPgt,
    samlTransient,
  ].map((purpose) => [purpose.name, purpose]),
);

/** A value whose iat is further ahead than this many seconds is refused, whatever its purpose. */
export const FUTURE_TOLERANCE = 60;

/** The longest lifetime of any value, in seconds: a key must stay readable this long after it last sealed. */
export const LONGEST_LIFETIME = Math.max(...[...PURPOSES.values()].map((purpose) => purpose.maxLifetime));

/** Seconds after which nothing opens any more that was sealed before. */
export const LONGEST_OPENING = Math.max(
  ...[...PURPOSES.values()].map(({ maxLifetime, toleranceAfterExp }) => maxLifetime + toleranceAfterExp),
);
