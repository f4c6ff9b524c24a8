// Attacks on the signature of the HTTP-Redirect binding (saml-bindings §3.4.4.1).
import assert from 'node:assert/strict';
import { createHmac, createSecretKey, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { verifyQuerySignature } from '../../../src/xml/verify.ts';
import { ecKey, rsaKey } from '../../xml/keys.ts';

const [rsa, weak, curve] = await Promise.all([rsaKey(), rsaKey(1024), ecKey()]);

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const OCTETS = 'SAMLRequest=fZFNa8MwDIb%2F&RelayState=a%20b&SigAlg=http%3A%2F%2Fwww.w3.org';
const data = Buffer.from(OCTETS);
const good = sign('sha256', data, rsa.privateKey);
const ecGood = sign('sha256', data, { key: curve.privateKey, dsaEncoding: 'ieee-p1363' });
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const rows: readonly {
  readonly name: string;
  readonly octets?: string | Uint8Array;
  readonly signature?: Uint8Array;
  readonly sigAlg?: string;
  readonly keys?: readonly KeyObject[];
  readonly code: string;
}[] = [
  { name: 'twin: RSA-SHA256', code: 'accepted' },
  { name: 'twin: octets as bytes', octets: data, code: 'accepted' },
  {
    name: 'twin: RSA-SHA512',
    sigAlg: `${MORE}rsa-sha512`,
    signature: sign('sha512', data, rsa.privateKey),
    code: 'accepted',
  },
  {
    name: 'twin: ECDSA as r | s',
    sigAlg: `${MORE}ecdsa-sha256`,
    signature: ecGood,
    keys: [curve.publicKey],
    code: 'accepted',
  },
  {
    name: 'twin: ECDSA in DER, as OpenSAML for Java sends it',
    sigAlg: `${MORE}ecdsa-sha256`,
    signature: sign('sha256', data, curve.privateKey),
    keys: [rsa.publicKey, curve.publicKey],
    code: 'accepted',
  },
  {
    name: 'RSA with SHA-1',
    sigAlg: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
    signature: sign('sha1', data, rsa.privateKey),
    code: 'algorithm',
  },
  {
    name: 'HMAC with the public key',
    sigAlg: `${MORE}hmac-sha256`,
    signature: createHmac('sha256', publicPem).update(data).digest(),
    keys: [rsa.publicKey, createSecretKey(Buffer.from(publicPem))],
    code: 'algorithm',
  },
  { name: 'no algorithm', sigAlg: '', code: 'algorithm' },
  { name: 'none', sigAlg: 'none', code: 'algorithm' },
  { name: 'a name that every object has', sigAlg: '__proto__', code: 'algorithm' },
  { name: 'an algorithm by its encoded spelling', sigAlg: encodeURIComponent(`${MORE}rsa-sha256`), code: 'algorithm' },
  { name: 'another algorithm than was used', sigAlg: `${MORE}rsa-sha512`, code: 'invalid' },
  { name: 'RSA by the key, ECDSA by the name', sigAlg: `${MORE}ecdsa-sha256`, code: 'no-usable-key' },
  { name: 'no signature', signature: Buffer.alloc(0), code: 'invalid' },
  { name: 'half a signature', signature: good.subarray(0, 128), code: 'invalid' },
  { name: 'a signature and more', signature: Buffer.concat([good, Buffer.alloc(1)]), code: 'invalid' },
  { name: 'zeros', signature: Buffer.alloc(256), code: 'invalid' },
  // CVE-2022-21449
  {
    name: 'ECDSA with r = s = 0',
    sigAlg: `${MORE}ecdsa-sha256`,
    signature: Buffer.alloc(64),
    keys: [curve.publicKey],
    code: 'invalid',
  },
  {
    name: 'ECDSA in DER with r = s = 0',
    sigAlg: `${MORE}ecdsa-sha256`,
    signature: Buffer.from('3006020100020100', 'hex'),
    keys: [curve.publicKey],
    code: 'invalid',
  },
  { name: 'RelayState taken away', octets: OCTETS.replace('&RelayState=a%20b', ''), code: 'invalid' },
  { name: 'RelayState spelt in another way', octets: OCTETS.replace('%20', '+'), code: 'invalid' },
  { name: 'lower-case escapes', octets: OCTETS.replace('%2F', '%2f'), code: 'invalid' },
  { name: 'parameters in another order', octets: OCTETS.split('&').reverse().join('&'), code: 'invalid' },
  { name: 'a parameter added', octets: `${OCTETS}&x=1`, code: 'invalid' },
  {
    name: 'a registered key of 1024 bits',
    signature: sign('sha256', data, weak.privateKey),
    keys: [weak.publicKey],
    code: 'no-usable-key',
  },
  { name: 'no keys', keys: [], code: 'no-usable-key' },
];

for (const {
  name,
  octets = OCTETS,
  signature = good,
  sigAlg = `${MORE}rsa-sha256`,
  keys = [rsa.publicKey],
  code,
} of rows) {
  test(name, () => {
    assert.equal(verifyQuerySignature(octets, signature, sigAlg, keys)?.code ?? 'accepted', code);
  });
}
