// In English: the pages of one’s own account.
import type { AccountWords } from '../../words.ts';

export const accountWords: AccountWords = {
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
      'factors-disabled':
        'Nothing was done: what you had set up was switched off. Ask the people who look after your account for help.',
      'enrolment-over': 'That page is no longer in use. Please start again.',
      'consent-withdrawn': 'You have taken it back. The application asks you again the next time.',
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
};
