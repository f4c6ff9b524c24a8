// In German: pages that say one thing: what is wrong, or that it is done.
import type { ProblemWords } from '../../words.ts';

const TO_THE_ADMINISTRATOR =
  'Wenn es wieder geschieht, sagen Sie es denen, die die Anwendung betreuen, und nennen Sie das Kennzeichen unten.';

export const problemWords: ProblemWords = {
  refusals: {
    'unknown-party': {
      title: 'Diese Anwendung ist hier nicht bekannt',
      text: [
        'Eine Anwendung hat Sie zum Anmelden hierher geschickt, aber dieser Anmeldedienst kennt sie nicht.',
        TO_THE_ADMINISTRATOR,
      ],
    },
    'wrong-return-address': {
      title: 'Die Anwendung hat eine Adresse genannt, die hier nicht bekannt ist',
      text: [
        'Sie wären an eine Adresse geschickt worden, die dieser Dienst nicht kennt. Deshalb wurden Sie nicht angemeldet.',
        TO_THE_ADMINISTRATOR,
      ],
    },
    'unreadable-request': {
      title: 'Die Anfrage zur Anmeldung war nicht zu lesen',
      text: [
        'Die Anfrage der Anwendung ist beschädigt, unvollständig oder nicht vertrauenswürdig.',
        'Gehen Sie zur Anwendung zurück und fangen Sie neu an.',
        TO_THE_ADMINISTRATOR,
      ],
    },
    'stale-request': {
      title: 'Diese Anfrage zur Anmeldung ist zu alt',
      text: [
        'Gehen Sie zur Anwendung zurück und melden Sie sich von dort aus an.',
        'Wenn sie immer zu alt ist, geht vielleicht eine Uhr falsch.',
        TO_THE_ADMINISTRATOR,
      ],
    },
    'not-allowed': {
      title: 'So darf man sich hier nicht anmelden',
      text: [
        'Die Anwendung muss Sie selbst hierher schicken. Öffnen Sie die Anwendung und melden Sie sich von dort aus an.',
        TO_THE_ADMINISTRATOR,
      ],
    },
    'assurance-unmet': {
      title: 'Sie konnten nicht sicher genug erkannt werden',
      text: [
        'Nichts, was Sie eingerichtet haben, reicht dafür.',
        'Fragen Sie die Stelle, die Ihr Konto betreut, und nennen Sie das Kennzeichen unten.',
      ],
    },
    'wrong-subject': {
      title: 'Das war jemand anderes',
      text: [
        'Angemeldet ist eine Person, bestätigt wurde eine andere.',
        'Melden Sie sich erst ab, wenn Sie ein anderes Konto benutzen möchten.',
      ],
    },
    'account-disabled': {
      title: 'Dieses Konto ist abgeschaltet',
      text: ['Fragen Sie die Stelle, die Ihr Konto betreut, und nennen Sie das Kennzeichen unten.'],
    },
    declined: {
      title: 'Sie haben abgebrochen',
      text: ['Es ist nichts geschehen. Sie können jederzeit neu anfangen.'],
    },
    unavailable: {
      title: 'Das geht im Moment nicht',
      text: ['Bitte versuchen Sie es in einer Minute noch einmal.', TO_THE_ADMINISTRATOR],
    },
    'cannot-answer': {
      title: 'Diese Anwendung kann zurzeit keine Antwort bekommen',
      text: [
        'Dieser Anmeldedienst hat keinen Schlüssel der Art, mit der die Anwendung registriert ist.',
        TO_THE_ADMINISTRATOR,
      ],
    },
  },
  pages: {
    stale: {
      title: 'Diese Anmeldeseite gilt nicht mehr',
      text: [
        'Sie ist abgelaufen, wurde schon benutzt oder gehört zu einem anderen Browser.',
        'Gehen Sie zur Anwendung zurück und melden Sie sich von dort aus an.',
      ],
    },
    finished: {
      title: 'Sie sind schon angemeldet',
      text: [
        'Diese Anmeldeseite wurde schon benutzt. Gehen Sie zur Anwendung zurück: Sie kommen hinein, ohne noch einmal gefragt zu werden.',
      ],
    },
    foreign: {
      title: 'Das kam von einer anderen Website',
      text: ['Zu Ihrer Sicherheit ist nichts geschehen. Gehen Sie zur Anwendung zurück und fangen Sie neu an.'],
    },
    replayed: {
      title: 'Diese Anfrage zur Anmeldung wurde schon benutzt',
      text: ['Es wurde schon jemand damit angemeldet. Gehen Sie zur Anwendung zurück und fangen Sie neu an.'],
    },
    embedded: {
      title: 'Öffnen Sie diese Seite für sich allein',
      text: [
        'An- und abmelden kann man sich nur in einem eigenen Fenster oder Tab, nicht innerhalb einer anderen Seite oder im Voraus.',
      ],
    },
    unavailable: {
      title: 'Die Anmeldung geht im Moment nicht',
      text: ['Bitte versuchen Sie es in einer Minute noch einmal.'],
    },
    tooLarge: {
      title: 'Die Anfrage zur Anmeldung ist zu groß',
      text: ['Die Anwendung hat mehr geschickt, als beim Anmelden aufbewahrt werden kann.', TO_THE_ADMINISTRATOR],
    },
    missing: {
      title: 'Unter dieser Adresse gibt es nichts',
      text: ['Prüfen Sie die Adresse, oder beginnen Sie bei der Anwendung, die Sie benutzen möchten.'],
    },
    fault: {
      title: 'Bei uns ist etwas schiefgegangen',
      text: ['Bitte versuchen Sie es noch einmal.', TO_THE_ADMINISTRATOR],
    },
    badRequest: {
      title: 'Die Anfrage war nicht zu lesen',
      text: [
        'Ihr Browser hat etwas geschickt, was dieser Dienst nicht lesen kann. Gehen Sie zurück und versuchen Sie es noch einmal.',
      ],
    },
    signedOut: {
      title: 'Sie sind abgemeldet',
      text: ['Dieser Browser ist hier abgemeldet. Schließen Sie ihn, wenn andere diesen Rechner benutzen.'],
    },
    notSignedIn: {
      title: 'Sie sind nicht angemeldet',
      text: ['Öffnen Sie die Anwendung, die Sie benutzen möchten; sie schickt Sie hierher, wenn es nötig ist.'],
    },
  },
};
