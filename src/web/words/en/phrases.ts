// In English: phrases that several pages share.

/** Of a time that is told to a person. */
export const seconds = (count: number): string => (count === 1 ? 'a second' : `${count} seconds`);

export const tooMany = (retryAfter: number): string =>
  `There were too many attempts. Please wait ${seconds(retryAfter)} and try again.`;

export const LOCKED =
  'There were too many attempts in this way. Use another way, or ask the people who look after your account.';
