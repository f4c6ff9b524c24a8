// The pages in German.
import type { Words } from '../words.ts';

const TO_THE_ADMINISTRATOR =
  'Wenn es wieder geschieht, sagen Sie es denen, die die Anwendung betreuen, und nennen Sie das Kennzeichen unten.';

const seconds = (count: number): string => (count === 1 ? 'eine Sekunde' : `${count} Sekunden`);
const tooMany = (retryAfter: number): string =>
  `Das waren zu viele Versuche. Bitte warten Sie ${seconds(retryAfter)} und versuchen Sie es dann noch einmal.`;
const LOCKED =
  'Auf diesem Weg waren es zu viele Versuche. Nehmen Sie einen anderen Weg, oder fragen Sie die Stelle, die Ihr Konto betreut.';
const NOT_RIGHT = 'Das stimmt nicht, oder es wurde schon benutzt. Bitte versuchen Sie es noch einmal.';
const TOO_LONG = 'Das hat zu lange gedauert. Bitte versuchen Sie es noch einmal.';

const DATE = new Intl.DateTimeFormat('de-DE', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

export const german: Words = {
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
        'Anmelden kann man sich nur in einem eigenen Fenster oder Tab, nicht innerhalb einer anderen Seite oder im Voraus.',
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
  login: {
    title: 'Anmelden',
    userName: 'Benutzername',
    password: 'Passwort',
    submit: 'Anmelden',
    confirm: 'Die Anwendung möchte, dass Sie noch einmal bestätigen, dass Sie es sind.',
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
    later: 'Sie werden daran erinnert. Von einem bestimmten Tag an kommen Sie ohne ihn nicht mehr hinein.',
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
  account: {
    title: 'Ihr Konto',
    notices: {
      added: 'Es wurde hinzugefügt. Von nun an können Sie beim Anmelden danach gefragt werden.',
      renamed: 'Der Name wurde geändert.',
      removed: 'Es wurde entfernt. Ältere Anmeldungen an anderen Orten sind beendet.',
      'codes-renewed': 'Ihre Wiederherstellungscodes gelten jetzt. Ältere gelten nicht mehr.',
      'password-changed': 'Ihr Passwort wurde geändert. Anmeldungen an anderen Orten sind beendet.',
      'changed-meanwhile':
        'Inzwischen wurde etwas anderes geändert, deshalb ist nichts geschehen. Bitte sehen Sie noch einmal nach.',
      'last-factor':
        'Es wurde nicht entfernt: Eine Anwendung, die Sie benutzen dürfen, verlangt es. Fügen Sie erst ein anderes hinzu.',
      'enrolment-over': 'Diese Seite gilt nicht mehr. Bitte fangen Sie neu an.',
    },
    passwordTitle: 'Passwort',
    passwordText: 'Ändern Sie es, wenn jemand anderes es kennen könnte.',
    changePassword: 'Passwort ändern',
    passwordElsewhere:
      'Ihr Passwort wird nicht hier aufbewahrt. Fragen Sie die Stelle, die Ihr Konto betreut, wie man es ändert.',
    passwordLabel: 'Neues Passwort',
    passwordAgain: 'Neues Passwort noch einmal',
    passwordHint: (least) => `Mindestens ${least} Zeichen. Mehrere Wörter merkt man sich leichter als Sonderzeichen.`,
    passwordDiffers: 'Die beiden Passwörter sind nicht gleich.',
    passwordProblem: (problem) => {
      switch (problem.kind) {
        case 'too-short':
          return `Das ist zu kurz: mindestens ${problem.least} Zeichen.`;
        case 'too-long':
          return 'Das ist zu lang.';
        case 'unreadable':
          return 'Das lässt sich nicht als Text lesen. Bitte tippen Sie ein anderes.';
        case 'common':
          return 'Das würden andere schnell erraten. Bitte wählen Sie ein anderes.';
        case 'about-you':
          return 'Das ist kaum mehr als Ihr Name oder der dieses Dienstes. Bitte wählen Sie ein anderes.';
        default:
          return problem satisfies never;
      }
    },
    endsOthers: 'Überall sonst müssen Sie sich danach neu anmelden.',
    factorsTitle: 'Zweite Schritte',
    noFactors: 'Sie haben keinen. Mit einem zweiten Schritt kommt niemand hinein, der nur Ihr Passwort kennt.',
    factorsUnavailable:
      'Was Sie eingerichtet haben, ist im Moment nicht zu lesen. Bitte versuchen Sie es in einer Minute noch einmal.',
    added: (date) => `Hinzugefügt am ${date}`,
    used: (date) => (date === null ? 'noch nicht benutzt' : `zuletzt benutzt am ${date}`),
    disabled: 'abgeschaltet',
    change: 'Ändern',
    changeNamed: (name) => `${name} ändern`,
    rename: 'Umbenennen',
    remove: 'Entfernen',
    removeText: 'Damit kann sich dann niemand mehr anmelden. Überall sonst müssen Sie sich neu anmelden.',
    lastFactor:
      'Es lässt sich nicht entfernen: Eine Anwendung, die Sie benutzen dürfen, verlangt es. Fügen Sie erst ein anderes hinzu.',
    codesTitle: 'Wiederherstellungscodes',
    codesLeft: (count) => (count === 1 ? 'Sie haben noch einen.' : `Sie haben noch ${count}.`),
    noCodes: 'Sie haben keine. Ohne sie sind Sie auf andere angewiesen, wenn Sie Ihren zweiten Schritt verlieren.',
    getCodes: 'Wiederherstellungscodes holen',
    renewCodes: 'Neue Wiederherstellungscodes holen',
    signInsTitle: 'Letzte Anmeldungen',
    signInsNone: 'Es gibt keine.',
    signInsUnavailable: 'Sie lassen sich im Moment nicht zeigen.',
    how: 'mit',
    where: 'von',
    thisOne: 'diese hier',
    ended: 'beendet',
    everywhereTitle: 'Überall abmelden',
    everywhereText:
      'Beendet alle Ihre Anmeldungen, auch diese. Tun Sie es, wenn Sie ein Gerät verloren oder offen stehen gelassen haben.',
    everywhere: 'Überall abmelden',
    everywhereDone: {
      title: 'Sie sind überall abgemeldet',
      text: [
        'Alle Anmeldungen Ihres Kontos sind hier beendet, auch in diesem Browser.',
        'Anwendungen, die Sie geöffnet haben, lassen Sie vielleicht angemeldet, bis Sie sich dort abmelden.',
      ],
    },
    everywhereLater: 'Andere Server dieses Dienstes erfahren es vielleicht erst später.',
    methods: {
      password: 'Passwort',
      totp: 'Authenticator-App',
      'recovery-code': 'Wiederherstellungscode',
      'email-code': 'Code per E-Mail',
      'sms-code': 'Code per SMS',
      webauthn: 'Sicherheitsschlüssel',
      passkey: 'Passkey',
      'attested-key': 'Sicherheitsschlüssel',
    },
  },
  date: (epochSeconds) => `${DATE.format(epochSeconds * 1000)} UTC`,
  mail: {
    code: {
      subject: (service) => `Ihr Code für ${service}`,
      text: (service, code, minutes) =>
        `${code} ist Ihr Code für ${service}, ${minutes} Minuten gültig. Sagen Sie ihn niemandem. Nicht angefordert? Dann versucht jemand, Ihr Konto oder diese Adresse zu benutzen.`,
    },
    announcement: {
      subject: (service) => `Ihr Konto bei ${service} wurde geändert`,
      text: (service, what, kind) => {
        const done = {
          added: `Es wurde etwas hinzugefügt, womit man sich anmelden kann: ${kind}`,
          removed: `Es wurde etwas entfernt, womit man sich anmelden konnte: ${kind}`,
          'codes-renewed': 'Es wurden neue Wiederherstellungscodes gemacht',
          'password-changed': 'Das Passwort wurde geändert',
        }[what];
        return `Ihr Konto bei ${service} wurde geändert. ${done}.\n\nWenn Sie das waren, ist nichts zu tun. Wenn nicht, sagen Sie es sofort der Stelle, die Ihr Konto betreut.`;
      },
    },
  },
};
