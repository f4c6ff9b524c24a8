// Owns: what a server's answer to a bind says about the account, in the words of the audit. Pure.
import { InvalidCredentialsError, PasswordPolicyError, type PasswordPolicyValue } from 'ldapts';
import type { BindAnswer } from '../core/password-directory.ts';
import { resultCode } from './ldap-connection.ts';

/** Active Directory's reasons, from "AcceptSecurityContext error, data 52e": Win32 error codes in hexadecimal. */
const ACTIVE_DIRECTORY_DATA: ReadonlyMap<string, BindAnswer> = new Map([
  ['525', 'mismatch'], // no such user
  ['52e', 'mismatch'],
  ['530', 'disabled'], // not at this time
  ['531', 'disabled'], // not at this workstation
  ['532', 'expired'], // the password
  ['533', 'disabled'],
  ['534', 'disabled'], // not this kind of logon
  ['701', 'expired'], // the account
  ['773', 'expired'], // must change the password
  ['775', 'locked'],
]);

/** draft-behera-ldap-password-policy-10 §6.2. */
const POLICY_ERRORS: ReadonlyMap<number, BindAnswer> = new Map([
  [PasswordPolicyError.PasswordExpired, 'expired'],
  [PasswordPolicyError.AccountLocked, 'locked'],
  [PasswordPolicyError.ChangeAfterReset, 'expired'],
]);

/**
 * Result codes (RFC 4511 appendix A) that are about the person; every other one says nothing about the password.
 * 19, 53: 389 Directory Server, after too many failures, and for an inactivated account. 48: the entry has no password.
 */
const PERSONAL_CODES: ReadonlyMap<number, BindAnswer> = new Map([
  [19, 'locked'],
  [32, 'mismatch'],
  [34, 'mismatch'],
  [48, 'mismatch'],
  [49, 'mismatch'],
  [53, 'disabled'],
]);

/** `policy`: what the server said in the password policy control; undefined when it did not. */
export function acceptedAnswer(policy: PasswordPolicyValue | undefined): BindAnswer {
  // A password that must be changed first opens a session in which nothing else may be done: it is not a sign-in.
  return (policy?.error === undefined ? undefined : POLICY_ERRORS.get(policy.error)) ?? 'match';
}

/** Null when the server's answer is no statement about the person: an outage. */
export function refusedAnswer(error: unknown, policy: PasswordPolicyValue | undefined): BindAnswer | null {
  const code = resultCode(error);
  if (code === null) return null;
  const answer = PERSONAL_CODES.get(code) ?? null;
  if (answer === null) return null;
  const byPolicy = policy?.error === undefined ? undefined : POLICY_ERRORS.get(policy.error);
  const data =
    error instanceof InvalidCredentialsError ? /\bdata ([0-9a-f]{1,8})\b/i.exec(error.message)?.[1] : undefined;
  const byData = data === undefined ? undefined : ACTIVE_DIRECTORY_DATA.get(data.toLowerCase());
  return byPolicy ?? byData ?? answer;
}
