// Signatures whose arithmetic is right and whose methods are not: weak, foreign, or taking parts of the message away.
import { test } from 'node:test';
import { ENVELOPED_SIGNATURE, EXCLUSIVE_C14N } from '../../../src/xml/algorithms.ts';
import { element } from '../../../src/xml/build.ts';
import { type Attack, assertAttack, ds, forge, party, RSA_SHA256, SHA256, signedRoot } from './forge.ts';

const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const publicPem = party.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const EC = { prefix: 'ec', uri: EXCLUSIVE_C14N };
const xpath = ds(
  'Transform',
  { Algorithm: 'http://www.w3.org/TR/1999/REC-xpath-19991116' },
  ds('XPath', {}, 'false()'),
);
const xslt = element({ prefix: 'xsl', uri: 'http://www.w3.org/1999/XSL/Transform' }, 'stylesheet', { version: '1.0' });

const attacks: readonly Attack[] = [
  // SHA-1 collisions: SHAttered (2017), and with chosen prefixes (Leurent and Peyrin, 2020). On by default in xml-crypto.
  {
    name: 'RSA with SHA-1',
    xml: forge({ signatureUri: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', signatureHash: 'sha1' }),
    code: 'algorithm',
    naive: true,
  },
  {
    name: 'SHA-1 as the digest under RSA with SHA-256',
    xml: forge({ digestUri: 'http://www.w3.org/2000/09/xmldsig#sha1', digestHash: 'sha1' }),
    code: 'algorithm',
    naive: true,
  },
  {
    name: 'MD5 as the digest',
    xml: forge({ digestUri: 'http://www.w3.org/2001/04/xmldsig-more#md5', digestHash: 'md5' }),
    code: 'algorithm',
    naive: false,
  },
  {
    name: 'SHA-224 as the digest',
    xml: forge({ digestUri: 'http://www.w3.org/2001/04/xmldsig-more#sha224', digestHash: 'sha224' }),
    code: 'algorithm',
    naive: false,
  },
  // Key confusion (CVE-2015-9235 and its kin): everybody knows the public key, and HMAC takes any text for a secret.
  {
    name: 'HMAC-SHA1 with the public key as its secret',
    xml: forge({
      signatureUri: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      signatureHash: 'sha1',
      hmacSecret: publicPem,
    }),
    code: 'algorithm',
    naive: false,
  },
  {
    name: 'HMAC-SHA256 with the public key as its secret',
    xml: forge({ signatureUri: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256', hmacSecret: publicPem }),
    code: 'algorithm',
    naive: false,
  },
  // CVE-2009-0217: an output length of no bits.
  {
    name: 'HMACOutputLength',
    xml: forge({ inSignatureMethod: [ds('HMACOutputLength', {}, '0')] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'DSA',
    xml: forge({ signatureUri: 'http://www.w3.org/2000/09/xmldsig#dsa-sha1' }),
    code: 'algorithm',
    naive: false,
  },
  { name: 'none', xml: forge({ signatureUri: 'none' }), code: 'algorithm', naive: false },
  { name: 'an empty algorithm', xml: forge({ signatureUri: '' }), code: 'algorithm', naive: false },
  {
    name: 'a name that every object has',
    xml: forge({ signatureUri: 'constructor' }),
    code: 'algorithm',
    naive: false,
  },
  { name: 'a digest that every object has', xml: forge({ digestUri: 'toString' }), code: 'algorithm', naive: false },
  {
    name: 'an algorithm with a space',
    xml: forge({ signatureUri: `${RSA_SHA256} ` }),
    code: 'algorithm',
    naive: false,
  },
  {
    name: 'RSA with SHA-512 by its name, SHA-256 in truth',
    xml: forge({ signatureUri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512' }),
    code: 'invalid',
    naive: false,
  },
  {
    name: 'ECDSA by its name',
    xml: forge({ signatureUri: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256' }),
    code: 'no-usable-key',
    naive: false,
  },
  {
    name: 'inclusive canonicalization of SignedInfo',
    xml: forge({ canonicalization: C14N }),
    code: 'algorithm',
    naive: false,
  },
  // CVE-2017-11427 and siblings began with canonicalizations that treat comments in different ways.
  {
    name: 'canonicalization of SignedInfo with comments',
    xml: forge({ canonicalization: `${EXCLUSIVE_C14N}WithComments` }),
    code: 'algorithm',
    naive: true,
  },
  {
    name: 'an unknown canonicalization',
    xml: forge({ canonicalization: 'urn:none' }),
    code: 'algorithm',
    naive: false,
  },
  {
    name: 'canonicalization with comments as a transform',
    xml: forge({ transforms: [ENVELOPED_SIGNATURE, `${EXCLUSIVE_C14N}WithComments`] }),
    code: 'algorithm',
    naive: true,
  },
  {
    name: 'inclusive canonicalization as a transform',
    xml: forge({ transforms: [ENVELOPED_SIGNATURE, C14N] }),
    code: 'algorithm',
    naive: true,
  },
  { name: 'no canonicalization', xml: forge({ transforms: [ENVELOPED_SIGNATURE] }), code: 'algorithm', naive: true },
  { name: 'no enveloped-signature', xml: forge({ transforms: [EXCLUSIVE_C14N] }), code: 'algorithm', naive: false },
  { name: 'no transforms', xml: forge({ transforms: [] }), code: 'algorithm', naive: false },
  {
    name: 'transforms in the other order',
    xml: forge({ transforms: [EXCLUSIVE_C14N, ENVELOPED_SIGNATURE] }),
    code: 'algorithm',
    naive: true,
  },
  {
    name: 'a transform twice',
    xml: forge({ transforms: [ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, EXCLUSIVE_C14N] }),
    code: 'algorithm',
    naive: true,
  },
  // CVE-2022-34169, CVE-2022-47966 (XSLT in Java): transforms are programs that the message brings along.
  {
    name: 'XPath that selects nothing',
    xml: forge({ transforms: [ENVELOPED_SIGNATURE, xpath, EXCLUSIVE_C14N] }),
    code: 'algorithm',
    naive: false,
  },
  {
    name: 'XSLT',
    xml: forge({
      transforms: [
        ENVELOPED_SIGNATURE,
        ds('Transform', { Algorithm: 'http://www.w3.org/TR/1999/REC-xslt-19991116' }, xslt),
        EXCLUSIVE_C14N,
      ],
    }),
    code: 'algorithm',
    naive: false,
  },
  {
    name: 'base64 as a transform',
    xml: forge({ transforms: [ENVELOPED_SIGNATURE, 'http://www.w3.org/2000/09/xmldsig#base64'] }),
    code: 'algorithm',
    naive: false,
  },
  {
    name: 'XSLT as a parameter of canonicalization',
    xml: forge({ transforms: [ENVELOPED_SIGNATURE, ds('Transform', { Algorithm: EXCLUSIVE_C14N }, xslt)] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'a parameter of enveloped-signature',
    xml: forge({ transforms: [ds('Transform', { Algorithm: ENVELOPED_SIGNATURE }, xpath), EXCLUSIVE_C14N] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'transforms in another namespace',
    xml: forge({
      transforms: [
        ENVELOPED_SIGNATURE,
        element({ prefix: 'x', uri: 'urn:x' }, 'Transform', { Algorithm: EXCLUSIVE_C14N }),
      ],
    }),
    code: 'algorithm',
    naive: true,
  },
];

for (const attack of attacks) test(attack.name, () => assertAttack(attack));

test('twins: SHA-384 and SHA-512, and a prefix list', () => {
  const prefixes = element(EC, 'InclusiveNamespaces', { PrefixList: 'xs #default' });
  const accepted = [
    forge({ signatureUri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384', signatureHash: 'sha384' }),
    forge({ signatureUri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', signatureHash: 'sha512' }),
    forge({ digestUri: 'http://www.w3.org/2001/04/xmldsig-more#sha384', digestHash: 'sha384' }),
    forge({ digestUri: 'http://www.w3.org/2001/04/xmlenc#sha512', digestHash: 'sha512' }),
    forge({
      digestUri: SHA256,
      transforms: [ENVELOPED_SIGNATURE, ds('Transform', { Algorithm: EXCLUSIVE_C14N }, prefixes)],
    }),
  ];
  for (const xml of accepted) signedRoot(xml);
});
