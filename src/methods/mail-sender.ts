// Owns: handing one message to a mail server. Leaves to nodemailer: SMTP and MIME; to one-time-code.ts: what is written.
import { createTransport } from 'nodemailer';
import type { MessageSender, Sent } from '../core/message.ts';

export interface MailSettings {
  /**
   * `smtps://host:465`: TLS from the first byte. `smtp://host:587`: STARTTLS, which must succeed before anything is said;
   * only a server on this machine is spoken to in the clear.
   */
  readonly server: string;
  readonly from: string;
  /** Shown beside the address. */
  readonly fromName: string;
  /** Both or neither. */
  readonly username: string | null;
  readonly password: string | null;
  /** PEM; instead of the authorities that Node knows. Certificates are always verified. */
  readonly ca: string | null;
  /** Milliseconds in which a message has to be handed over, everything included. */
  readonly timeoutMs: number;
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export function createMailSender(settings: MailSettings): MessageSender {
  const url = new URL(settings.server);
  const secure = url.protocol === 'smtps:';
  const { username, password, ca, timeoutMs, from, fromName } = settings;
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !LOOPBACK.has(url.hostname),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    tls: { minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
    ...(username === null || password === null ? {} : { auth: { user: username, pass: password } }),
    // Neither the dialogue nor the message is ever logged.
    logger: false,
    debug: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: (to, { subject, text }) =>
      inTime(
        timeoutMs,
        transport.sendMail({
          from: { name: fromName, address: from },
          to: { name: '', address: to },
          envelope: { from, to: [to] },
          subject,
          text,
          // RFC 3834 §5: nobody's holiday notice shall answer it.
          headers: { 'Auto-Submitted': 'auto-generated' },
        }),
      ),
  };
}

async function inTime(timeoutMs: number, sending: Promise<unknown>): Promise<Sent> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Sent>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'failed', code: 'ETIMEDOUT' }), timeoutMs);
  });
  const sent = sending.then((): Sent => ({ kind: 'sent' }), failed);
  try {
    return await Promise.race([sent, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The message of nodemailer's error quotes the server, which quotes addresses: only codes are taken out of it. */
function failed(error: unknown): Sent {
  const { code, responseCode } = typeof error === 'object' && error !== null ? (error as Codes) : {};
  const word = typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'EUNKNOWN';
  return { kind: 'failed', code: typeof responseCode === 'number' ? `${word} ${responseCode}` : word };
}

interface Codes {
  readonly code?: unknown;
  readonly responseCode?: unknown;
}
