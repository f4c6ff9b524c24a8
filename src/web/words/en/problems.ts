// In English: pages that say one thing: what is wrong, or that it is done.
import type { ProblemWords } from '../../words.ts';

const TO_THE_ADMINISTRATOR =
  'If it happens again, tell the administrator of the application and quote the reference below.';

export const problemWords: ProblemWords = {
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
      text: ['Signing in and out works only in a window or tab of its own, not inside another page or ahead of time.'],
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
};
