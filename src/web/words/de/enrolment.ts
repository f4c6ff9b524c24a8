// In German: setting up second factors.
import type { EnrolmentWords } from '../../words.ts';
import { LOCKED, tooMany } from './phrases.ts';

export const enrolmentWords: EnrolmentWords = {
  kinds: {
    totp: {
      name: 'Authenticator-App',
      what: 'Eine App auf Ihrem Telefon zeigt jede halbe Minute einen neuen Code.',
      add: 'Authenticator-App hinzufügen',
    },
    webauthn: {
      name: 'Passkey oder Sicherheitsschlüssel',
      what: 'Ihr Gerät oder ein Schlüssel bestätigt, dass Sie es sind. Der sicherste Weg: Er gilt auf keiner anderen Website.',
      add: 'Passkey oder Sicherheitsschlüssel hinzufügen',
    },
    'recovery-codes': {
      name: 'Wiederherstellungscodes',
      what: 'Codes auf Papier für den Tag, an dem alles andere verloren ist. Jeder gilt einmal.',
      add: 'Wiederherstellungscodes holen',
    },
    email: {
      name: 'Codes per E-Mail',
      what: 'Ein Code wird an eine E-Mail-Adresse geschickt. Als zweiter Faktor zählt das nicht.',
      add: 'E-Mail-Adresse hinzufügen',
    },
    sms: {
      name: 'Codes per SMS',
      what: 'Ein Code wird an Ihr Telefon geschickt. Nur wenn nichts anderes geht: Nummern lassen sich übernehmen.',
      add: 'Telefonnummer hinzufügen',
    },
  },
  enrol: {
    title: 'Zweiten Schritt einrichten',
    text: (application) =>
      `${application} verlangt mehr als ein Passwort. Wählen Sie, womit Sie Ihre Anmeldungen von nun an bestätigen möchten.`,
    later: (date) =>
      `Sie können es später tun und werden daran erinnert. Vom ${date} an kommen Sie ohne ihn nicht mehr hinein.`,
    skip: 'Jetzt nicht',
    label: 'Name (freiwillig)',
    labelHint: 'Damit Sie es später wiedererkennen, zum Beispiel „Mein Telefon“.',
    confirm: 'Bestätigen',
    restart: 'Neu anfangen',
    totp: {
      title: 'Authenticator-App einrichten',
      scan: 'Lesen Sie dieses Bild mit Ihrer Authenticator-App ein.',
      picture: 'QR-Code für Ihre Authenticator-App. Derselbe Schlüssel steht darunter als Text.',
      typed: 'Das geht nicht? Tippen Sie diesen Schlüssel in die App:',
      code: (digits) => `Geben Sie dann die ${digits} Ziffern ein, die die App zeigt`,
    },
    codes: {
      title: 'Ihre Wiederherstellungscodes',
      text: 'Drucken Sie diese Codes oder schreiben Sie sie ab. Sie werden nur jetzt gezeigt. Jeder gilt einmal.',
      replaces: 'Wenn Sie bestätigen, gelten die Codes nicht mehr, die Sie bisher hatten.',
      kept: 'Ich habe diese Codes sicher aufbewahrt',
    },
    webauthn: {
      title: 'Passkey oder Sicherheitsschlüssel hinzufügen',
      text: 'Geben Sie einen Namen ein; dann bittet Ihr Browser Sie, mit Ihrem Gerät oder Schlüssel zu bestätigen.',
      make: 'Weiter mit meinem Gerät oder Schlüssel',
    },
    email: {
      title: 'E-Mail-Adresse hinzufügen',
      destination: 'E-Mail-Adresse',
      hint: 'Dorthin wird ein Code geschickt, um zu sehen, dass es Ihre ist.',
    },
    sms: {
      title: 'Telefonnummer hinzufügen',
      destination: 'Mobilnummer',
      hint: 'Mit Ländervorwahl, zum Beispiel +49 170 1234567. Dorthin wird ein Code geschickt.',
    },
    send: 'Code schicken',
    sent: (destination) => `Ein Code wurde an ${destination} geschickt. Er gilt fünf Minuten.`,
    code: 'Code',
    failure: (failure) => {
      switch (failure.kind) {
        case 'wrong':
          return 'Das stimmt nicht. Bitte versuchen Sie es noch einmal.';
        case 'expired':
          return 'Das hat zu lange gedauert. Bitte fangen Sie neu an.';
        case 'locked':
          return LOCKED;
        case 'throttled':
          return tooMany(failure.retryAfter);
        case 'unusable-destination':
          return 'Dorthin können keine Codes geschickt werden. Bitte prüfen Sie Ihre Eingabe.';
        case 'too-many':
          return 'Davon haben Sie schon so viele, wie es geben darf. Entfernen Sie erst eines.';
        case 'not-kept':
          return 'Bitte bestätigen Sie, dass Sie die Codes aufbewahrt haben. Ohne das gelten sie nicht.';
        default:
          return failure satisfies never;
      }
    },
  },
};
