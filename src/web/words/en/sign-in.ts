// In English: signing in, confirming it, signing out, and the page of applications.
import type { SignInWords } from '../../words.ts';
import { LOCKED, seconds, tooMany } from './phrases.ts';

const NOT_RIGHT = 'That is not right, or it was used before. Please try again.';
const TOO_LONG = 'That took too long. Please try again.';

export const signInWords: SignInWords = {
  login: {
    title: 'Sign in',
    userName: 'User name',
    password: 'Password',
    submit: 'Sign in',
    confirm: 'Please confirm once more that it is you.',
    confirmForAccount: 'For your safety: please confirm that it is you. Then you go on in your account where you were.',
    passkey: 'Sign in with a passkey',
  },
  failure: (failure) => {
    switch (failure.kind) {
      case 'wrong':
        return 'The user name or the password is not right.';
      case 'throttled':
        return tooMany(failure.retryAfter);
      case 'expired':
        return 'You took a long time. Please sign in again.';
      default:
        return failure satisfies never;
    }
  },
  factorFailure: (failure) => {
    switch (failure.kind) {
      case 'wrong':
        return NOT_RIGHT;
      case 'expired':
        return TOO_LONG;
      case 'locked':
        return LOCKED;
      case 'throttled':
        return tooMany(failure.retryAfter);
      default:
        return failure satisfies never;
    }
  },
  passkeyLate:
    'This page was open for a long time, so the browser has to ask anew. Please press “Sign in with a passkey” once more.',
  passkeyFailure: 'That passkey was not accepted. Please try again, or use your password.',
  unsent: 'That does not work at the moment. Please try again in a minute, or use another way.',
  busy: (retryAfter) => `Many people are signing in right now. Please try again in ${seconds(retryAfter)}.`,
  ways: {
    password: 'Use your password',
    totp: 'Use your authenticator app',
    'recovery-code': 'Use a recovery code',
    'email-code': 'Get a code by e-mail',
    'sms-code': 'Get a code by text message',
    webauthn: 'Use your security key or passkey',
    passkey: 'Use your passkey',
    'attested-key': 'Use your security key',
  },
  factor: (question) => {
    switch (question?.kind) {
      case undefined:
        return { title: 'Confirm that it is you', text: '', label: null };
      case 'totp':
        return {
          title: 'Enter the code from your app',
          text: `Open your authenticator app and enter the ${question.digits} digits that it shows for this account.`,
          label: 'Code',
        };
      case 'recovery-code':
        return {
          title: 'Enter a recovery code',
          text: `Each code works once. You have ${question.remaining} left.`,
          label: 'Recovery code',
        };
      case 'sent-code':
        return {
          title: 'Enter the code that you were sent',
          text: `A code of ${question.digits} digits was sent ${question.by === 'sms' ? 'by text message' : 'by e-mail'} to ${question.destination}. It works for five minutes.`,
          label: 'Code',
        };
      case 'webauthn':
        return { title: 'Use your security key or passkey', text: 'Your browser will ask you for it.', label: null };
      default:
        return question satisfies never;
    }
  },
  anotherCode: 'Send another code',
  webauthn: {
    use: 'Use security key or passkey',
    needsScript: 'Security keys and passkeys need JavaScript, which is switched off in this browser.',
    unsupported: 'This browser cannot use security keys or passkeys here.',
    failed: 'The browser did not get an answer from a security key or passkey. Please try again.',
  },
  logout: {
    title: 'Sign out',
    question: 'Sign out?',
    lead: 'You are signed in as',
    participants:
      'These applications were opened with this sign-in. They may keep you signed in until you sign out there too:',
    untold: (names) => `These applications were not told and may keep you signed in: ${names}.`,
  },
  home: {
    title: 'You are signed in',
    applications: 'Open an application',
    none: 'Open the application that you want to use: you are signed in there without being asked again.',
  },
};
