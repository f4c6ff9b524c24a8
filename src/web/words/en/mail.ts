// In English: what is sent.
import type { MailWords } from '../../words.ts';

export const mailWords: MailWords = {
  mail: {
    code: {
      subject: (service) => `Your code for ${service}`,
      text: (service, code, minutes) =>
        `${code} is your code for ${service}. It is good for ${minutes} minutes. Never tell it to anybody. If you did not ask for it, somebody else tried to use your account or this address.`,
    },
    announcement: {
      subject: (service) => `Your account at ${service} was changed`,
      text: (service, what, kind) => {
        const done = {
          added: `something was added to it that can be used to sign in: ${kind}`,
          removed: `something was removed that could be used to sign in: ${kind}`,
          'codes-renewed': 'new recovery codes were made',
          'password-changed': 'the password was changed',
        }[what];
        return `Your account at ${service} was changed: ${done}.\n\nIf it was you, there is nothing to do. If it was not, tell the people who look after your account at once.`;
      },
    },
  },
};
