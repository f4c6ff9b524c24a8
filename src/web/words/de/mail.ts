// In German: what is sent.
import type { MailWords } from '../../words.ts';

export const mailWords: MailWords = {
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
