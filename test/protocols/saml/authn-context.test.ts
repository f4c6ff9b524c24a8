// The one table of context classes: what is stated of which proofs, for a party that asked and for one that did not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METHOD_NUMBERS, type MethodName } from '../../../src/core/authentication-event.ts';
import {
  CONTEXT_CLASSES,
  contextClass,
  provedClass,
  wantedContext,
} from '../../../src/protocols/saml/authn-context.ts';
import { AUTHN_CONTEXT } from '../../../src/saml/names.ts';
import type { Comparison } from '../../../src/saml/requested-authn-context.ts';

const proofs = (methods: readonly MethodName[]) => methods.map((method) => ({ method }));
const C = AUTHN_CONTEXT;

const unasked: readonly { readonly methods: readonly MethodName[]; readonly says: string | null }[] = [
  { methods: [], says: null },
  { methods: ['password'], says: C.passwordProtectedTransport },
  { methods: ['password', 'email-code'], says: C.passwordProtectedTransport },
  { methods: ['totp'], says: C.refedsSfa },
  { methods: ['totp', 'webauthn'], says: C.refedsSfa },
  { methods: ['password', 'totp'], says: C.refedsMfa },
  { methods: ['password', 'sms-code'], says: C.refedsMfa },
  { methods: ['password', 'recovery-code'], says: C.refedsMfa },
  { methods: ['password', 'webauthn'], says: C.refedsMfa },
  { methods: ['passkey'], says: C.refedsMfa },
  { methods: ['attested-key'], says: C.refedsMfa },
];
for (const { methods, says } of unasked) {
  test(`a party that did not ask is told of ${methods.join(' and ') || 'nothing'}: ${says}`, () => {
    assert.equal(provedClass(CONTEXT_CLASSES, proofs(methods))?.ref ?? null, says);
  });
}

interface Asked {
  readonly comparison: Comparison;
  readonly refs: readonly string[];
  readonly methods: readonly MethodName[];
  readonly says: string | null;
}

// SAML core §3.3.2.2.1
const asked: readonly Asked[] = [
  { comparison: 'exact', refs: [C.timeSyncToken], methods: ['password', 'totp'], says: C.timeSyncToken },
  { comparison: 'exact', refs: [C.timeSyncToken], methods: ['password', 'webauthn'], says: null },
  { comparison: 'exact', refs: [C.timeSyncToken], methods: ['passkey'], says: null },
  { comparison: 'exact', refs: [C.timeSyncToken], methods: ['passkey', 'totp'], says: C.timeSyncToken },
  { comparison: 'exact', refs: [C.timeSyncToken], methods: ['totp'], says: null },
  { comparison: 'exact', refs: [C.passwordProtectedTransport], methods: ['passkey'], says: null },
  {
    comparison: 'exact',
    refs: [C.passwordProtectedTransport],
    methods: ['password', 'attested-key'],
    says: C.passwordProtectedTransport,
  },
  { comparison: 'exact', refs: [C.multipleAuthn], methods: ['password'], says: null },
  { comparison: 'exact', refs: [C.multipleAuthn], methods: ['password', 'sms-code'], says: C.multipleAuthn },
  { comparison: 'exact', refs: [C.mobileTwoFactorUnregistered], methods: ['password', 'totp'], says: null },
  {
    comparison: 'exact',
    refs: [C.mobileTwoFactorUnregistered],
    methods: ['password', 'sms-code'],
    says: C.mobileTwoFactorUnregistered,
  },
  { comparison: 'exact', refs: [C.nistAal3], methods: ['passkey'], says: null },
  { comparison: 'exact', refs: [C.nistAal3], methods: ['password', 'passkey'], says: null },
  { comparison: 'exact', refs: [C.nistAal3], methods: ['attested-key'], says: C.nistAal3 },
  { comparison: 'exact', refs: [C.timeSyncToken, C.refedsMfa], methods: ['passkey'], says: C.refedsMfa },
  { comparison: 'minimum', refs: [C.refedsMfa], methods: ['password'], says: null },
  { comparison: 'minimum', refs: [C.refedsMfa], methods: ['attested-key'], says: C.refedsMfa },
  { comparison: 'minimum', refs: [C.passwordProtectedTransport], methods: ['passkey'], says: C.refedsSfa },
  { comparison: 'minimum', refs: [C.nistAal3], methods: ['password', 'totp', 'passkey'], says: null },
  { comparison: 'better', refs: [C.passwordProtectedTransport], methods: ['password'], says: null },
  { comparison: 'better', refs: [C.passwordProtectedTransport], methods: ['password', 'totp'], says: C.refedsMfa },
  { comparison: 'better', refs: [C.refedsMfa], methods: ['password', 'totp'], says: null },
  { comparison: 'better', refs: [C.refedsMfa], methods: ['attested-key'], says: C.nistAal3 },
  {
    comparison: 'maximum',
    refs: [C.passwordProtectedTransport],
    methods: ['password', 'totp'],
    says: C.passwordProtectedTransport,
  },
  { comparison: 'maximum', refs: [C.passwordProtectedTransport], methods: ['passkey'], says: C.refedsSfa },
  { comparison: 'maximum', refs: [C.nistAal3], methods: ['attested-key'], says: C.nistAal3 },
  { comparison: 'maximum', refs: [C.nistAal3], methods: ['password'], says: C.passwordProtectedTransport },
];
for (const { comparison, refs, methods, says } of asked) {
  test(`${comparison} ${refs.join(' ')}, proved by ${methods.join(' and ')}: ${says}`, () => {
    const wanted = wantedContext({ comparison, classRefs: refs }) ?? assert.fail('not possible');
    assert.equal(provedClass(wanted.classes, proofs(methods))?.ref ?? null, says);
  });
}

// The flow relies on it: with another proof it never takes back that it is done.
test('what is stated with some proofs can still be stated with more', () => {
  const all = Object.keys(METHOD_NUMBERS) as MethodName[];
  const sets = all.flatMap((one) => all.map((other) => [...new Set([one, other])]));
  for (const { comparison, refs } of asked) {
    const { classes } = wantedContext({ comparison, classRefs: refs }) ?? assert.fail('not possible');
    for (const some of sets) {
      if (provedClass(classes, proofs(some)) === null) continue;
      for (const more of all) assert.ok(provedClass(classes, proofs([...some, more])), `${comparison} ${refs} ${more}`);
    }
  }
});

test('numbers and references are each used once, and every number is found', () => {
  assert.equal(new Set(CONTEXT_CLASSES.map(({ number }) => number)).size, CONTEXT_CLASSES.length);
  assert.equal(new Set(CONTEXT_CLASSES.map(({ ref }) => ref)).size, CONTEXT_CLASSES.length);
  // More than a sealed request has room for would refuse those that name them all.
  assert.ok(CONTEXT_CLASSES.length <= 16);
  for (const one of CONTEXT_CLASSES) assert.equal(contextClass(one.number), one);
});
