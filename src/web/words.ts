// Owns: what people read when something did not go as expected. Plain words, what to do next, nothing of the inside.
import type { FactorFailure, MethodName } from '../core/authentication-event.ts';
import type { RefusalPage } from '../core/protocol-adapter.ts';
import type { FactorPage, MethodFailure } from '../methods/factor-method.ts';

interface Words {
  readonly title: string;
  readonly text: readonly string[];
}

const TO_THE_ADMINISTRATOR =
  'If it happens again, tell the administrator of the application and quote the reference below.';

export const refusalWords = {
  'unknown-party': {
    title: 'This application is not registered here',
    text: [
      'An application sent you here to sign in, but it is not known to this sign-in service.',
      TO_THE_ADMINISTRATOR,
    ],
  },
  'wrong-return-address': {
    title: 'The application gave an address that is not registered',
    text: [
      'You would have been sent to an address that this service does not know, so you were not signed in.',
      TO_THE_ADMINISTRATOR,
    ],
  },
  'unreadable-request': {
    title: 'The sign-in request could not be read',
    text: [
      'The application’s request is damaged, incomplete or not trustworthy.',
      'Go back to the application and start again.',
      TO_THE_ADMINISTRATOR,
    ],
  },
  'stale-request': {
    title: 'This sign-in request is too old',
    text: [
      'Go back to the application and sign in from there.',
      'If it is always too old, a clock may be wrong.',
      TO_THE_ADMINISTRATOR,
    ],
  },
  'not-allowed': {
    title: 'Signing in this way is not allowed',
    text: [
      'The application has to send you here itself. Open the application and sign in from there.',
      TO_THE_ADMINISTRATOR,
    ],
  },
} as const satisfies Record<RefusalPage, Words>;

export const pageWords = {
  stale: {
    title: 'This sign-in page is no longer in use',
    text: [
      'It has expired, was finished already, or belongs to another browser.',
      'Go back to the application and sign in from there.',
    ],
  },
  finished: {
    title: 'You are signed in already',
    text: ['This sign-in page was used before. Go back to the application: it will let you in without asking again.'],
  },
  foreign: {
    title: 'That came from another site',
    text: ['For your safety nothing was done. Go back to the application and start again.'],
  },
  replayed: {
    title: 'This sign-in request was used before',
    text: ['Somebody has already been signed in with it. Go back to the application and start again.'],
  },
  embedded: {
    title: 'Open this page by itself',
    text: ['Signing in works only in a window or tab of its own, not inside another page or ahead of time.'],
  },
  unavailable: {
    title: 'Signing in does not work at the moment',
    text: ['Please try again in a minute.'],
  },
  tooLarge: {
    title: 'The sign-in request is too large',
    text: ['The application sent more than can be kept while you sign in.', TO_THE_ADMINISTRATOR],
  },
  missing: {
    title: 'There is nothing at this address',
    text: ['Check the address, or start from the application that you want to use.'],
  },
  fault: {
    title: 'Something went wrong on our side',
    text: ['Please try again.', TO_THE_ADMINISTRATOR],
  },
  badRequest: {
    title: 'The request could not be read',
    text: ['Your browser sent something that this service cannot read. Go back and try again.'],
  },
  signedOut: {
    title: 'You are signed out',
    text: ['This browser is signed out here. Close it if others use this computer.'],
  },
  notSignedIn: {
    title: 'You are not signed in',
    text: ['Open the application that you want to use; it will send you here when it needs to.'],
  },
} as const satisfies Record<string, Words>;

export type PageName = keyof typeof pageWords;

/** One sentence for the login page; the same whether or not the account exists. */
export function failureSentence(failure: FactorFailure): string {
  switch (failure.kind) {
    case 'wrong':
      return 'The user name or the password is not right.';
    case 'throttled':
      return `There were too many attempts. Please wait ${seconds(failure.retryAfter)} and try again.`;
    case 'expired':
      return 'You took a long time. Please sign in again.';
    default:
      return failure satisfies never;
  }
}

/** One sentence for the page that asks for a second factor. */
export function factorFailureSentence(failure: MethodFailure): string {
  switch (failure.kind) {
    case 'wrong':
      return 'That is not right, or it was used before. Please try again.';
    case 'expired':
      return 'That took too long. Please try again.';
    case 'locked':
      return 'There were too many attempts in this way. Use another way, or ask the people who look after your account.';
    case 'throttled':
      return failureSentence(failure);
    default:
      return failure satisfies never;
  }
}

export const passkeySentence = 'That passkey was not accepted. Please try again, or use your password.';

export const unsentSentence = 'That does not work at the moment. Please try again in a minute, or use another way.';

/** What each way of proving it is called where it can be chosen. */
export const wayWords = {
  password: 'Use your password',
  totp: 'Use your authenticator app',
  'recovery-code': 'Use a recovery code',
  'email-code': 'Get a code by e-mail',
  'sms-code': 'Get a code by text message',
  webauthn: 'Use your security key or passkey',
  passkey: 'Use your passkey',
  'attested-key': 'Use your security key',
} as const satisfies Record<MethodName, string>;

interface FactorWords {
  readonly title: string;
  readonly text: string;
  /** Of the field; null when there is none. */
  readonly label: string | null;
}

/** Around one question; null: it cannot be asked now. */
export function factorWords(question: FactorPage | null): FactorWords {
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
}

export function busySentence(retryAfter: number): string {
  return `Many people are signing in right now. Please try again in ${seconds(retryAfter)}.`;
}

function seconds(count: number): string {
  return count === 1 ? 'a second' : `${count} seconds`;
}
