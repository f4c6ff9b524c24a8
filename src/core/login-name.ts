// Owns: when two login names are the same one. Directories look people up by it, throttling counts by it.

/** The longest login name in bytes of UTF-8; every e-mail address fits. Longer typed names are nobody's. */
export const LOGIN_NAME_MAX_BYTES = 256;

/**
 * What is compared instead of the name: without white space around it (phone keyboards add some), NFC, lower case
 * (Unicode default case conversion, no locale), NFC again because lower-casing may undo it.
 * So `Zoë`, `zoë` and the decomposed spelling are one person, and no two accounts may differ in such things only.
 */
export function loginNameKey(name: string): string {
  // Nobody's: and normalizing takes time with the square of a run of combining marks, which anybody can post.
  if (name.length > LOGIN_NAME_MAX_BYTES) return name;
  return name.trim().normalize('NFC').toLowerCase().normalize('NFC');
}
