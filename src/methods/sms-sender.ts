// Owns: handing one text message to a provider, by the form that Twilio reads and many others do: To, From, Body, posted
// over https. Another way of sending is another MessageSender. Leaves to one-time-code.ts: what is written.
import type { MessageSender, Sent } from '../core/message.ts';

export interface SmsSettings {
  /** https; plain http only on a loopback host, for a gateway beside the node. */
  readonly url: string;
  /** The sender as the provider knows it: a number or a name. */
  readonly from: string;
  /** HTTP Basic (RFC 7617); both or neither. */
  readonly username: string | null;
  readonly password: string | null;
  /** Milliseconds in which the provider has to answer. */
  readonly timeoutMs: number;
}

export function createSmsSender({ url, from, username, password, timeoutMs }: SmsSettings): MessageSender {
  const credentials = username === null || password === null ? null : `${username}:${password}`;
  const authorization = credentials === null ? null : `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`;
  return {
    send: async (to, { text }): Promise<Sent> => {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: authorization === null ? {} : { Authorization: authorization },
          body: new URLSearchParams({ To: to, From: from, Body: text }),
          // A redirect would take code, number and password elsewhere.
          redirect: 'error',
          signal: AbortSignal.timeout(timeoutMs),
        });
        // What it says is not read: it may be long, and it quotes the message.
        await response.body?.cancel();
        return response.ok ? { kind: 'sent' } : { kind: 'failed', code: `HTTP ${response.status}` };
      } catch (error) {
        return { kind: 'failed', code: codeOf(error) };
      }
    },
  };
}

/** The code of what went wrong below fetch, never its message, which may quote the address. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'EUNKNOWN';
  if (error.name === 'TimeoutError') return 'ETIMEDOUT';
  const cause: unknown = error.cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : null;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'EUNKNOWN';
}
