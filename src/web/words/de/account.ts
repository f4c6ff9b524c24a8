// In German: the pages of one’s own account.
import type { AccountWords } from '../../words.ts';

export const accountWords: AccountWords = {
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
      'factors-disabled':
        'Es ist nichts geschehen: Was Sie eingerichtet hatten, wurde abgeschaltet. Bitten Sie die Stelle, die Ihr Konto betreut, um Hilfe.',
      'enrolment-over': 'Diese Seite gilt nicht mehr. Bitte fangen Sie neu an.',
      'consent-withdrawn': 'Sie haben es zurückgenommen. Die Anwendung fragt Sie beim nächsten Mal wieder.',
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
};
