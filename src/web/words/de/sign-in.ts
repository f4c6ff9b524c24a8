// In German: signing in, confirming it, signing out, and the page of applications.
import type { SignInWords } from '../../words.ts';
import { LOCKED, tooMany } from './phrases.ts';

const NOT_RIGHT = 'Das stimmt nicht, oder es wurde schon benutzt. Bitte versuchen Sie es noch einmal.';
const TOO_LONG = 'Das hat zu lange gedauert. Bitte versuchen Sie es noch einmal.';

export const signInWords: SignInWords = {
  login: {
    title: 'Anmelden',
    userName: 'Benutzername',
    password: 'Passwort',
    submit: 'Anmelden',
    confirm: 'Bitte bestätigen Sie noch einmal, dass Sie es sind.',
    confirmForAccount:
      'Zu Ihrer Sicherheit: Bitte bestätigen Sie, dass Sie es sind. Danach geht es in Ihrem Konto dort weiter, wo Sie waren.',
    passkey: 'Mit einem Passkey anmelden',
  },
  failure: (failure) => {
    switch (failure.kind) {
      case 'wrong':
        return 'Benutzername oder Passwort stimmen nicht.';
      case 'throttled':
        return tooMany(failure.retryAfter);
      case 'expired':
        return 'Das hat lange gedauert. Bitte melden Sie sich noch einmal an.';
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
    'Diese Seite war lange offen, deshalb muss der Browser neu fragen. Bitte drücken Sie noch einmal „Mit einem Passkey anmelden“.',
  passkeyFailure:
    'Dieser Passkey wurde nicht angenommen. Bitte versuchen Sie es noch einmal, oder nehmen Sie Ihr Passwort.',
  unsent:
    'Das geht im Moment nicht. Bitte versuchen Sie es in einer Minute noch einmal, oder nehmen Sie einen anderen Weg.',
  busy: (retryAfter) =>
    `Im Moment melden sich viele an. Bitte versuchen Sie es in ${retryAfter === 1 ? 'einer Sekunde' : `${retryAfter} Sekunden`} noch einmal.`,
  ways: {
    password: 'Mit Ihrem Passwort',
    totp: 'Mit Ihrer Authenticator-App',
    'recovery-code': 'Mit einem Wiederherstellungscode',
    'email-code': 'Mit einem Code per E-Mail',
    'sms-code': 'Mit einem Code per SMS',
    webauthn: 'Mit Sicherheitsschlüssel oder Passkey',
    passkey: 'Mit Ihrem Passkey',
    'attested-key': 'Mit Ihrem Sicherheitsschlüssel',
  },
  factor: (question) => {
    switch (question?.kind) {
      case undefined:
        return { title: 'Bestätigen Sie, dass Sie es sind', text: '', label: null };
      case 'totp':
        return {
          title: 'Code aus Ihrer App eingeben',
          text: `Öffnen Sie Ihre Authenticator-App und geben Sie die ${question.digits} Ziffern ein, die sie für dieses Konto zeigt.`,
          label: 'Code',
        };
      case 'recovery-code':
        return {
          title: 'Wiederherstellungscode eingeben',
          text: `Jeder Code gilt einmal. Sie haben noch ${question.remaining}.`,
          label: 'Wiederherstellungscode',
        };
      case 'sent-code':
        return {
          title: 'Zugesandten Code eingeben',
          text: `Ein Code aus ${question.digits} Ziffern wurde ${question.by === 'sms' ? 'per SMS' : 'per E-Mail'} an ${question.destination} geschickt. Er gilt fünf Minuten.`,
          label: 'Code',
        };
      case 'webauthn':
        return {
          title: 'Sicherheitsschlüssel oder Passkey benutzen',
          text: 'Ihr Browser fragt Sie danach.',
          label: null,
        };
      default:
        return question satisfies never;
    }
  },
  anotherCode: 'Noch einen Code schicken',
  webauthn: {
    use: 'Sicherheitsschlüssel oder Passkey benutzen',
    needsScript: 'Sicherheitsschlüssel und Passkeys brauchen JavaScript, und das ist in diesem Browser ausgeschaltet.',
    unsupported: 'Dieser Browser kann hier keine Sicherheitsschlüssel oder Passkeys benutzen.',
    failed:
      'Der Browser hat von keinem Sicherheitsschlüssel oder Passkey eine Antwort bekommen. Bitte versuchen Sie es noch einmal.',
  },
  logout: {
    title: 'Abmelden',
    question: 'Abmelden?',
    lead: 'Sie sind angemeldet als',
    participants:
      'Diese Anwendungen wurden mit dieser Anmeldung geöffnet. Vielleicht bleiben Sie dort angemeldet, bis Sie sich auch dort abmelden:',
    untold: (names) => `Diese Anwendungen haben es nicht erfahren; vielleicht bleiben Sie dort angemeldet: ${names}.`,
  },
  home: {
    title: 'Sie sind angemeldet',
    applications: 'Anwendung öffnen',
    none: 'Öffnen Sie die Anwendung, die Sie benutzen möchten: Dort sind Sie angemeldet, ohne noch einmal gefragt zu werden.',
  },
};
