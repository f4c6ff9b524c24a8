// Owns: a small browser without a window: cookies, redirects, forms. For sign-ins by the hundred.
// What it is not: it has no idea of sites, so SameSite is ignored and every cookie of a host goes to every port of it
// (test/browser does SameSite with Chromium). Secure cookies are sent over http; scripts do not run.
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';
import { type Form, parseForms } from './forms.ts';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly forms: readonly Form[];
}

/** One exchange on the wire, kept so that a failure can be told. No bodies: they hold assertions and passwords. */
export interface Hop {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly node: string;
}

/** One exchange with its cookies, for whoever keeps count of them. They are secrets: not for messages. */
export interface SeenExchange extends Hop {
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly sentCookies: readonly (readonly [name: string, value: string])[];
  /** Set-Cookie lines as they came. */
  readonly setCookies: readonly string[];
}

export interface BrowserOptions {
  /** How long one exchange may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly redirectsMax?: number;
  /** Told of each exchange when its answer is complete. */
  readonly onExchange?: (seen: SeenExchange) => void;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
  readonly expiresMs: number;
}

interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body: string | null;
  readonly referrer: string | null;
}

export class HttpBrowser {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 6 });
  readonly #cookies = new Map<string, Map<string, Cookie>>();
  readonly #timeoutMs: number;
  readonly #redirectsMax: number;
  readonly #onExchange: (seen: SeenExchange) => void;
  readonly hops: Hop[] = [];

  constructor(options: BrowserOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 20_000;
    this.#redirectsMax = options.redirectsMax ?? 12;
    this.#onExchange = options.onExchange ?? (() => {});
  }

  /** Types an address, or follows a link from `from`. */
  get(url: string, from: Page | null = null): Promise<Page> {
    return this.#navigate({ method: 'GET', url, body: null, referrer: from?.url ?? null });
  }

  /** Submits a form as its page would, with these values typed in. Names that the form does not have are an error. */
  submit(page: Page, form: Form, typed: Readonly<Record<string, string>> = {}): Promise<Page> {
    for (const name of Object.keys(typed)) {
      if (!form.fields.some((field) => field.name === name)) throw new Error(`the form has no field ${name}`);
    }
    const fields = form.fields.map(({ name, value }): [string, string] => [name, typed[name] ?? value]);
    const encoded = new URLSearchParams(fields).toString();
    const target = new URL(form.action === '' ? page.url : form.action, page.url);
    if (form.method === 'post') {
      return this.#navigate({ method: 'POST', url: target.href, body: encoded, referrer: page.url });
    }
    target.search = encoded;
    return this.#navigate({ method: 'GET', url: target.href, body: null, referrer: page.url });
  }

  /** Posts fields that stand on no page, as a page at `referrer` would. */
  post(url: string, fields: readonly (readonly [string, string])[], referrer: string | null): Promise<Page> {
    const body = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString();
    return this.#navigate({ method: 'POST', url, body, referrer });
  }

  /** The names of the cookies that would go to this URL. */
  cookieNames(url: string): readonly string[] {
    return this.#matching(new URL(url)).map(([name]) => name);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #navigate(first: Exchange): Promise<Page> {
    let exchange = first;
    for (let count = 0; count <= this.#redirectsMax; count += 1) {
      const page = await this.#exchange(exchange, first.referrer);
      const location = page.headers.location;
      if (page.status < 300 || page.status > 399 || location === undefined) return page;
      const url = new URL(location, page.url).href;
      // RFC 9110 §15.4: 307 and 308 keep method and body; the others become GET.
      exchange =
        page.status >= 307 ? { ...exchange, url } : { method: 'GET', url, body: null, referrer: exchange.referrer };
    }
    throw new Error(`more than ${this.#redirectsMax} redirects from ${first.url}`);
  }

  #exchange(exchange: Exchange, initiator: string | null): Promise<Page> {
    const url = new URL(exchange.url);
    const startedMs = Date.now();
    const sentCookies = this.#matching(url).map(([name, { value }]) => [name, value] as const);
    return new Promise((resolve, reject) => {
      const outgoing = send(
        url,
        { method: exchange.method, agent: this.#agent, headers: this.#headers(exchange, initiator) },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', fail);
          incoming.on('end', () => {
            clearTimeout(timer);
            const text = Buffer.concat(chunks).toString('utf8');
            const status = incoming.statusCode ?? 0;
            const node = String(incoming.headers['x-signet-node'] ?? '');
            const hop: Hop = { method: exchange.method, url: url.origin + url.pathname, status, node };
            const setCookies = incoming.headers['set-cookie'] ?? [];
            this.hops.push(hop);
            this.#keep(url, setCookies);
            this.#onExchange({ ...hop, startedMs, endedMs: Date.now(), sentCookies, setCookies });
            const isHtml = String(incoming.headers['content-type'] ?? '').startsWith('text/html');
            resolve({ url: url.href, status, headers: incoming.headers, text, forms: isHtml ? parseForms(text) : [] });
          });
        },
      );
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(new Error(`${exchange.method} ${url.origin}${url.pathname}: ${error.message}`));
      };
      const timer = setTimeout(
        () => outgoing.destroy(new Error(`no answer in ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      outgoing.on('error', fail);
      outgoing.end(exchange.body ?? undefined);
    });
  }

  /** The Fetch Metadata of a top-level navigation by a person (W3C Fetch Metadata §2). */
  #headers(exchange: Exchange, initiator: string | null): Record<string, string> {
    const headers: Record<string, string> = {
      Accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
      'Sec-Fetch-User': '?1',
      'Sec-Fetch-Site': fetchSite(initiator, exchange.url),
    };
    const cookies = this.#matching(new URL(exchange.url));
    if (cookies.length > 0) headers.Cookie = cookies.map(([name, cookie]) => `${name}=${cookie.value}`).join('; ');
    if (exchange.body !== null) {
      headers['Content-Type'] = 'application/x-www-form-urlencoded';
      headers['Content-Length'] = String(Buffer.byteLength(exchange.body));
      headers.Origin = initiator === null ? 'null' : new URL(initiator).origin;
    }
    return headers;
  }

  #matching(url: URL): readonly (readonly [string, Cookie])[] {
    const jar = this.#cookies.get(url.hostname) ?? new Map<string, Cookie>();
    return [...jar].filter(([, cookie]) => cookie.expiresMs > Date.now() && url.pathname.startsWith(cookie.path));
  }

  #keep(url: URL, lines: readonly string[]): void {
    const jar = this.#cookies.get(url.hostname) ?? new Map<string, Cookie>();
    this.#cookies.set(url.hostname, jar);
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const read = (key: string) =>
        attributes.find((a) => a.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const expiresMs = expiry(read('max-age'), read('expires'));
      if (expiresMs <= Date.now()) jar.delete(name);
      else jar.set(name, { value: pair.slice(pair.indexOf('=') + 1), path: read('path') ?? '/', expiresMs });
    }
  }
}

/** RFC 6265 §5.3: Max-Age goes before Expires; a cookie with neither stays as long as this browser. */
function expiry(maxAge: string | undefined, expires: string | undefined): number {
  if (maxAge !== undefined) return Date.now() + Number(maxAge) * 1000;
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
}

function fetchSite(initiator: string | null, target: string): string {
  if (initiator === null) return 'none';
  const [from, to] = [new URL(initiator), new URL(target)];
  if (from.origin === to.origin) return 'same-origin';
  return from.hostname === to.hostname ? 'same-site' : 'cross-site';
}
