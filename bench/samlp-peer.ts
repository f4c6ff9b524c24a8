// Owns: the peer: samlp on Express, doing what a warm node does, as cheaply as it can be set up. A process of its own.
// The session is there already and costs a map look-up; nothing is audited, measured, sealed or checked for replay.
import { readFileSync } from 'node:fs';
import express from 'express';
import { auth } from 'samlp';
import { ATTRIBUTES, SP_ACS, SP_ENTITY_ID } from './identity-provider.ts';

const [port = '0', issuer = '', keyFile = '', certificateFile = ''] = process.argv.slice(2);
const sessions = new Map([['s', { id: 'person0', attributes: Object.fromEntries(ATTRIBUTES) }]]);
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get(
  new URL(issuer).pathname,
  auth({
    issuer,
    key: readFileSync(keyFile, 'utf8'),
    cert: readFileSync(certificateFile, 'utf8'),
    signAssertion: false,
    signResponse: true,
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
    lifetimeInSeconds: 300,
    nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    sessionIndex: 'session-1',
    getPostURL: (audience, _request, _httpRequest, done) =>
      audience === SP_ENTITY_ID ? done(null, SP_ACS) : done(new Error('unknown party')),
    getUserFromRequest: ({ headers }) => sessions.get(headers.cookie?.split('=')[1] ?? ''),
    profileMapper: () => ({
      getClaims: () => Object.fromEntries(ATTRIBUTES),
      getNameIdentifier: () => ({ nameIdentifier: 'pairwise-0' }),
    }),
  }),
);
app.listen(Number(port), '127.0.0.1');
