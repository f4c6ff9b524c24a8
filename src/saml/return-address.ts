// Owns: which addresses an assertion may be sent to at all. Which of them a party has: its metadata.

const URL_MAX = 1024;
/** 127.0.0.0/8 and ::1 never leave the machine (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3), nor does localhost (RFC 6761 §6.3). */
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/;

/** What is wrong with a return address, as words for what is wanted; null when nothing is. */
export function returnAddressFault(text: string): string | null {
  if (text.length > URL_MAX) return `at most ${URL_MAX} characters`;
  // What the URL parser would strip or repair must not be there: the text is what gets compared and posted to.
  if (!/^https?:\/\/[\x21-\x5b\x5d-\x7e]+$/.test(text) || !URL.canParse(text)) return 'an https address in ASCII';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return 'an address without user name and fragment';
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    return 'https; plain http only on 127.0.0.1, [::1] or localhost';
  }
  return null;
}
