// The pages in German, each family of them in a file of its own.
import type { Words } from '../words.ts';
import { accountWords } from './de/account.ts';
import { commonWords } from './de/common.ts';
import { consentWords } from './de/consent.ts';
import { enrolmentWords } from './de/enrolment.ts';
import { mailWords } from './de/mail.ts';
import { problemWords } from './de/problems.ts';
import { signInWords } from './de/sign-in.ts';

export const german: Words = {
  ...commonWords,
  ...problemWords,
  ...signInWords,
  ...enrolmentWords,
  consent: consentWords,
  ...accountWords,
  ...mailWords,
};
