// In English: what stands on every page.
import type { CommonWords } from '../../words.ts';

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

export const commonWords: CommonWords = {
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
  date: (epochSeconds) => `${DATE.format(epochSeconds * 1000)} UTC`,
};
