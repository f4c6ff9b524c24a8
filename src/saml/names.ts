// Owns: the identifiers of SAML 2.0 and what surrounds it. Every URI stands here once.

/** Namespaces with the prefixes that Signet writes. */
export const NS = {
  assertion: { prefix: 'saml', uri: 'urn:oasis:names:tc:SAML:2.0:assertion' },
  protocol: { prefix: 'samlp', uri: 'urn:oasis:names:tc:SAML:2.0:protocol' },
  metadata: { prefix: 'md', uri: 'urn:oasis:names:tc:SAML:2.0:metadata' },
  signature: { prefix: 'ds', uri: 'http://www.w3.org/2000/09/xmldsig#' },
  ui: { prefix: 'mdui', uri: 'urn:oasis:names:tc:SAML:metadata:ui' },
  algorithms: { prefix: 'alg', uri: 'urn:oasis:names:tc:SAML:metadata:algsupport' },
  shibboleth: { prefix: 'shibmd', uri: 'urn:mace:shibboleth:metadata:1.0' },
  xsi: { prefix: 'xsi', uri: 'http://www.w3.org/2001/XMLSchema-instance' },
} as const;

export const SAML_VERSION = '2.0';

export const BINDING = {
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
} as const;

export const NAME_ID_FORMAT = {
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  entity: 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity',
} as const;

/** Status codes, SAML core §3.2.2.2. */
export const STATUS = {
  success: 'urn:oasis:names:tc:SAML:2.0:status:Success',
  requester: 'urn:oasis:names:tc:SAML:2.0:status:Requester',
  responder: 'urn:oasis:names:tc:SAML:2.0:status:Responder',
  versionMismatch: 'urn:oasis:names:tc:SAML:2.0:status:VersionMismatch',
  authnFailed: 'urn:oasis:names:tc:SAML:2.0:status:AuthnFailed',
  invalidNameIdPolicy: 'urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy',
  noAuthnContext: 'urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext',
  noPassive: 'urn:oasis:names:tc:SAML:2.0:status:NoPassive',
  requestDenied: 'urn:oasis:names:tc:SAML:2.0:status:RequestDenied',
  requestUnsupported: 'urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported',
  requestVersionTooLow: 'urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooLow',
  requestVersionTooHigh: 'urn:oasis:names:tc:SAML:2.0:status:RequestVersionTooHigh',
  unknownPrincipal: 'urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal',
  unsupportedBinding: 'urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding',
} as const;

export const AUTHN_CONTEXT = {
  unspecified: 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified',
  password: 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
  passwordProtectedTransport: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  timeSyncToken: 'urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken',
  mobileTwoFactorUnregistered: 'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered',
  refedsSfa: 'https://refeds.org/profile/sfa',
  refedsMfa: 'https://refeds.org/profile/mfa',
  /** What Microsoft's products ask for. */
  multipleAuthn: 'http://schemas.microsoft.com/claims/multipleauthn',
  /** NIST SP 800-63 levels, as login.gov spells them. */
  nistAal1: 'http://idmanagement.gov/ns/assurance/aal/1',
  nistAal2: 'http://idmanagement.gov/ns/assurance/aal/2',
  nistAal3: 'http://idmanagement.gov/ns/assurance/aal/3',
} as const;

export const CONFIRMATION_BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
export const ATTRIBUTE_NAME_FORMAT_URI = 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri';
export const ATTRIBUTE_NAME_FORMAT_BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';

export const SUBJECT_ID_ATTRIBUTE = 'urn:oasis:names:tc:SAML:attribute:subject-id';
export const PAIRWISE_ID_ATTRIBUTE = 'urn:oasis:names:tc:SAML:attribute:pairwise-id';
