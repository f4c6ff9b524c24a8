// In English: setting up second factors.
import type { EnrolmentWords } from '../../words.ts';
import { LOCKED, tooMany } from './phrases.ts';

export const enrolmentWords: EnrolmentWords = {
  kinds: {
    totp: {
      name: 'Authenticator app',
      what: 'An app on your phone shows a new code every half minute.',
      add: 'Add an authenticator app',
    },
    webauthn: {
      name: 'Passkey or security key',
      what: 'Your device or a key confirms that it is you. The safest way: it works on no other site.',
      add: 'Add a passkey or security key',
    },
    'recovery-codes': {
      name: 'Recovery codes',
      what: 'Codes on paper for the day when you have lost everything else. Each works once.',
      add: 'Get recovery codes',
    },
    email: {
      name: 'Codes by e-mail',
      what: 'A code is sent to an e-mail address. It does not count as a second factor.',
      add: 'Add an e-mail address',
    },
    sms: {
      name: 'Codes by text message',
      what: 'A code is sent to your phone. Use it only if nothing else is possible: numbers can be taken over.',
      add: 'Add a phone number',
    },
  },
  enrol: {
    title: 'Set up a second step',
    text: (application) =>
      `${application} asks for more than a password. Choose what you want to confirm your sign-ins with from now on.`,
    later: (date) => `You can do it later: you will be reminded. From ${date} on you cannot get in without it.`,
    skip: 'Not now',
    label: 'Name (optional)',
    labelHint: 'So that you recognise it later, for example “My phone”.',
    confirm: 'Confirm',
    restart: 'Start again',
    totp: {
      title: 'Set up an authenticator app',
      scan: 'Scan this picture with your authenticator app.',
      picture: 'QR code for your authenticator app. The same key stands below as text.',
      typed: 'Cannot scan it? Type this key into the app:',
      code: (digits) => `Then enter the ${digits} digits that the app shows`,
    },
    codes: {
      title: 'Your recovery codes',
      text: 'Print these codes or write them down. They are shown only now. Each works once.',
      replaces: 'When you confirm, the codes that you had before stop working.',
      kept: 'I have kept these codes in a safe place',
    },
    webauthn: {
      title: 'Add a passkey or security key',
      text: 'Give it a name, then your browser will ask you to confirm with your device or key.',
      make: 'Continue with my device or key',
    },
    email: {
      title: 'Add an e-mail address',
      destination: 'E-mail address',
      hint: 'A code will be sent there, to see that it is yours.',
    },
    sms: {
      title: 'Add a phone number',
      destination: 'Mobile number',
      hint: 'With country code, for example +49 170 1234567. A code will be sent there.',
    },
    send: 'Send the code',
    sent: (destination) => `A code was sent to ${destination}. It works for five minutes.`,
    code: 'Code',
    failure: (failure) => {
      switch (failure.kind) {
        case 'wrong':
          return 'That is not right. Please try again.';
        case 'expired':
          return 'That took too long. Please start again.';
        case 'locked':
          return LOCKED;
        case 'throttled':
          return tooMany(failure.retryAfter);
        case 'unusable-destination':
          return 'Codes cannot be sent there. Please check what you typed.';
        case 'too-many':
          return 'You have as many of these as you can have. Remove one first.';
        case 'not-kept':
          return 'Please confirm that you have kept the codes. Without that they do not count.';
        default:
          return failure satisfies never;
      }
    },
  },
};
