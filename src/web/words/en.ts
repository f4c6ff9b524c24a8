// The pages in English, each family of them in a file of its own.
import type { Words } from '../words.ts';
import { accountWords } from './en/account.ts';
import { commonWords } from './en/common.ts';
import { consentWords } from './en/consent.ts';
import { enrolmentWords } from './en/enrolment.ts';
import { mailWords } from './en/mail.ts';
import { problemWords } from './en/problems.ts';
import { signInWords } from './en/sign-in.ts';

export const english: Words = {
  ...commonWords,
  ...problemWords,
  ...signInWords,
  ...enrolmentWords,
  consent: consentWords,
  ...accountWords,
  ...mailWords,
};
