// In German: phrases that several pages share.

/** Of a time that is told to a person. */
const seconds = (count: number): string => (count === 1 ? 'eine Sekunde' : `${count} Sekunden`);

export const tooMany = (retryAfter: number): string =>
  `Das waren zu viele Versuche. Bitte warten Sie ${seconds(retryAfter)} und versuchen Sie es dann noch einmal.`;

export const LOCKED =
  'Auf diesem Weg waren es zu viele Versuche. Nehmen Sie einen anderen Weg, oder fragen Sie die Stelle, die Ihr Konto betreut.';
