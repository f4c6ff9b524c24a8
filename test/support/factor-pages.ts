// Owns: what can be read off a page that asks for a second factor, or for a passkey.

/** What the page's script asks the browser with: JSON for navigator.credentials.get. */
export function questionOn({ text }: { readonly text: string }): string {
  const written = /data-(?:options|webauthn)="(\{[^"]*)"/.exec(text)?.[1];
  if (written === undefined) throw new Error(`no key is asked for on: ${text.slice(0, 400)}`);
  return written.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}

/** Whether it asks for this method, and not who it is. */
export function asksFor({ text }: { readonly text: string }, method: string): boolean {
  return text.includes(`name="method" value="${method}"`) && !text.includes('name="username"');
}
