// In German: what stands on every page.
import type { CommonWords } from '../../words.ts';

const DATE = new Intl.DateTimeFormat('de-DE', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

export const commonWords: CommonWords = {
  common: {
    error: 'Fehler: ',
    problem: 'Es gibt ein Problem',
    continue: 'Weiter',
    cancel: 'Abbrechen und zurück',
    back: 'Zurück zum Konto',
    reference: 'Kennzeichen',
    continueTo: 'weiter zu',
    as: 'für',
    signedInAs: 'als',
    theApplication: 'der Anwendung',
    yourself: 'Sie selbst',
    signIn: 'Anmelden',
    signOut: 'Abmelden',
    account: 'Ihr Konto',
    toAccount: 'Ihrem Konto',
    otherWays: 'Anders versuchen',
  },
  autoPost: { title: 'Weiter', text: 'Drücken Sie den Knopf, um fortzufahren.' },
  date: (epochSeconds) => `${DATE.format(epochSeconds * 1000)} UTC`,
};
