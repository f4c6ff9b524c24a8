// Owns: requests as bytes, made before the clock starts: AuthnRequests with fresh IDs, and the headers of a browser.
import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { SP_ACS, SP_ENTITY_ID } from './identity-provider.ts';

/** One request without its cookie: what stands before the value, and what ends the head. */
export interface PreparedRequest {
  readonly id: string;
  readonly head: Buffer;
}

/** What a browser sends with a navigation from another site, through a balancer. */
function browserHeaders(host: string): string {
  return [
    `Host: ${host}`,
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Language: en-GB,en;q=0.9',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Referer: https://wiki.example.org/',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-User: ?1',
    'Sec-Fetch-Dest: document',
    'Upgrade-Insecure-Requests: 1',
  ].join('\r\n');
}

/** Redirect-binding requests (SAML bindings §3.4), unsigned, each with an ID of its own and issued now. */
export function ssoRequests(count: number, ssoUrl: string): readonly PreparedRequest[] {
  const { host, pathname } = new URL(ssoUrl);
  const headers = browserHeaders(host);
  const issueInstant = new Date().toISOString();
  return Array.from({ length: count }, () => {
    const id = `_${randomBytes(20).toString('hex')}`;
    const query = redirectQuery(id, issueInstant, ssoUrl);
    return { id, head: Buffer.from(`GET ${pathname}?${query} HTTP/1.1\r\n${headers}\r\nCookie: `, 'latin1') };
  });
}

function redirectQuery(id: string, issueInstant: string, destination: string): string {
  const xml =
    `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${id}" Version="2.0"` +
    ` IssueInstant="${issueInstant}" Destination="${destination}" AssertionConsumerServiceURL="${SP_ACS}"` +
    ' ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST">' +
    `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${SP_ENTITY_ID}</saml:Issuer>` +
    '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/>' +
    '</samlp:AuthnRequest>';
  const message = deflateRawSync(xml).toString('base64');
  return `SAMLRequest=${encodeURIComponent(message)}&RelayState=${encodeURIComponent(`ss:mem:${id}`)}`;
}

/** A GET of one of the node's own pages. */
export function pageRequest(url: string): PreparedRequest {
  const { host, pathname } = new URL(url);
  return { id: '', head: Buffer.from(`GET ${pathname} HTTP/1.1\r\n${browserHeaders(host)}\r\nCookie: `, 'latin1') };
}

/** A form post from one of the node's own pages; the body goes behind the head, see Connection.send. */
export function formHead(url: string, body: string): PreparedRequest {
  const { host, origin, pathname } = new URL(url);
  const headers = browserHeaders(host).replace('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-origin');
  const form = [
    `Origin: ${origin}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  const head = `POST ${pathname} HTTP/1.1\r\n${headers}\r\n${form.join('\r\n')}\r\nCookie: `;
  return { id: '', head: Buffer.from(head, 'latin1') };
}
