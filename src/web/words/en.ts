// The pages in English.
import type { Words } from '../words.ts';

const TO_THE_ADMINISTRATOR =
  'If it happens again, tell the administrator of the application and quote the reference below.';

const seconds = (count: number): string => (count === 1 ? 'a second' : `${count} seconds`);
const tooMany = (retryAfter: number): string =>
  `There were too many attempts. Please wait ${seconds(retryAfter)} and try again.`;
const LOCKED =
  'There were too many attempts in this way. Use another way, or ask the people who look after your account.';
const NOT_RIGHT = 'That is not right, or it was used before. Please try again.';
const TOO_LONG = 'That took too long. Please try again.';

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

export const english: Words = {
  common: {
    error: 'Error: ',
    problem: 'There is a problem',
    continue: 'Continue',
    cancel: 'Cancel and go back',
    back: 'Back to your account',
    reference: 'Reference',
    continueTo: 'to continue to',
    as: 'for',
    signedInAs: 'as',
    theApplication: 'the application',
    yourself: 'yourself',
    signIn: 'Sign in',
    signOut: 'Sign out',
    account: 'Your account',
    toAccount: 'your account',
    otherWays: 'Try another way',
  },
  autoPost: { title: 'Continue', text: 'Press the button to continue.' },
  refusals: {
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
    'assurance-unmet': {
      title: 'You could not be identified well enough',
      text: [
        'Nothing that you have set up is enough for this.',
        'Ask the people who look after your account, and quote the reference below.',
      ],
    },
    'wrong-subject': {
      title: 'That was somebody else',
      text: [
        'You are signed in as one person, and another one was confirmed.',
        'Sign out first if you want to use another account.',
      ],
    },
    'account-disabled': {
      title: 'This account is switched off',
      text: ['Ask the people who look after your account, and quote the reference below.'],
    },
    declined: {
      title: 'You have cancelled',
      text: ['Nothing was done. You can start again whenever you like.'],
    },
    unavailable: {
      title: 'That does not work at the moment',
      text: ['Please try again in a minute.', TO_THE_ADMINISTRATOR],
    },
    'cannot-answer': {
      title: 'This application cannot be answered at the moment',
      text: [
        'This sign-in service has no key of the kind that the application is registered with.',
        TO_THE_ADMINISTRATOR,
      ],
    },
  },
  pages: {
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
  },
  login: {
    title: 'Sign in',
    userName: 'User name',
    password: 'Password',
    submit: 'Sign in',
    confirm: 'The application asks you to confirm that it is you.',
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
    later: 'You will be reminded. From a certain day on you cannot get in without it.',
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
  account: {
    title: 'Your account',
    notices: {
      added: 'It was added. From now on you can be asked for it when you sign in.',
      renamed: 'The name was changed.',
      removed: 'It was removed. Sign-ins elsewhere that are older have ended.',
      'codes-renewed': 'Your recovery codes are ready to use. Older ones no longer work.',
      'password-changed': 'Your password was changed. Sign-ins elsewhere have ended.',
      'changed-meanwhile': 'Something else was changed meanwhile, so nothing was done. Please look again.',
      'last-factor': 'It was not removed: an application that you may use demands it. Add another one first.',
      'enrolment-over': 'That page is no longer in use. Please start again.',
    },
    passwordTitle: 'Password',
    passwordText: 'Change it when somebody else may know it.',
    changePassword: 'Change password',
    passwordElsewhere: 'Your password is not kept here. Ask the people who look after your account how to change it.',
    passwordLabel: 'New password',
    passwordAgain: 'New password again',
    passwordHint: (least) => `At least ${least} characters. Several words are easier to remember than signs.`,
    passwordDiffers: 'The two passwords are not the same.',
    passwordProblem: (problem) => {
      switch (problem.kind) {
        case 'too-short':
          return `That is too short: at least ${problem.least} characters.`;
        case 'too-long':
          return 'That is too long.';
        case 'unreadable':
          return 'That cannot be read as text. Please type another one.';
        case 'common':
          return 'Others would guess that quickly. Please choose another one.';
        case 'about-you':
          return 'That is little more than your name or that of this service. Please choose another one.';
        default:
          return problem satisfies never;
      }
    },
    endsOthers: 'Everywhere else you will have to sign in again.',
    factorsTitle: 'Second steps',
    noFactors: 'You have none. With a second step nobody gets in who only knows your password.',
    factorsUnavailable: 'What you have set up cannot be read at the moment. Please try again in a minute.',
    added: (date) => `Added ${date}`,
    used: (date) => (date === null ? 'not used yet' : `last used ${date}`),
    disabled: 'switched off',
    change: 'Change',
    changeNamed: (name) => `Change ${name}`,
    rename: 'Rename',
    remove: 'Remove',
    removeText: 'It can then no longer be used to sign in. Everywhere else you will have to sign in again.',
    lastFactor: 'It cannot be removed: an application that you may use demands it. Add another one first.',
    codesTitle: 'Recovery codes',
    codesLeft: (count) => (count === 1 ? 'You have one left.' : `You have ${count} left.`),
    noCodes: 'You have none. Without them you depend on others if you lose your second step.',
    getCodes: 'Get recovery codes',
    renewCodes: 'Get new recovery codes',
    signInsTitle: 'Recent sign-ins',
    signInsNone: 'There are none.',
    signInsUnavailable: 'They cannot be shown at the moment.',
    how: 'with',
    where: 'from',
    thisOne: 'this one',
    ended: 'ended',
    everywhereTitle: 'Sign out everywhere',
    everywhereText: 'Ends all your sign-ins, this one too. Do it when you have lost a device or left one open.',
    everywhere: 'Sign out everywhere',
    everywhereDone: {
      title: 'You are signed out everywhere',
      text: [
        'All sign-ins of your account have ended here, in this browser too.',
        'Applications that you have opened may keep you signed in until you sign out there.',
      ],
    },
    everywhereLater: 'Other servers of this service may learn of it only later.',
    methods: {
      password: 'password',
      totp: 'authenticator app',
      'recovery-code': 'recovery code',
      'email-code': 'code by e-mail',
      'sms-code': 'code by text message',
      webauthn: 'security key',
      passkey: 'passkey',
      'attested-key': 'security key',
    },
  },
  date: (epochSeconds) => `${DATE.format(epochSeconds * 1000)} UTC`,
  mail: {
    code: {
      subject: (service) => `Your code for ${service}`,
      text: (service, code, minutes) =>
        `${code} is your code for ${service}. It is good for ${minutes} minutes. Never tell it to anybody. If you did not ask for it, somebody else tried to use your account or this address.`,
    },
    announcement: {
      subject: (service) => `Your account at ${service} was changed`,
      text: (service, what, kind) => {
        const done = {
          added: `something was added to it that can be used to sign in: ${kind}`,
          removed: `something was removed that could be used to sign in: ${kind}`,
          'codes-renewed': 'new recovery codes were made',
          'password-changed': 'the password was changed',
        }[what];
        return `Your account at ${service} was changed: ${done}.\n\nIf it was you, there is nothing to do. If it was not, tell the people who look after your account at once.`;
      },
    },
  },
};
