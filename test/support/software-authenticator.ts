// Owns: an authenticator in software: makes ES256 keys, answers both ceremonies, and lies about whatever a test wants.
// W3C Web Authentication L3 §6; attestation "none" and "packed", vouched for by roots that it makes itself.
import 'reflect-metadata';
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { BasicConstraintsExtension, Extension, type X509Certificate, X509CertificateGenerator } from '@peculiar/x509';
import { encode } from 'cborg';
import { encodeBase64url } from '../../src/lib/base64url.ts';

export const FLAGS = { up: 1, uv: 4, be: 8, bs: 16, at: 64 } as const;

/** What an answer is made of; everything may be a lie. */
export interface Answering {
  readonly origin: string;
  readonly rpId: string;
  readonly challenge: Uint8Array;
  readonly type?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** Further members of the client data. */
  readonly clientData?: Readonly<Record<string, unknown>>;
  /** Handed out with the answer; null: none. */
  readonly userHandle?: Uint8Array | null;
  /** Signs instead of the key. */
  readonly signer?: KeyObject;
  /** Spoils the signature's message. */
  readonly spoil?: boolean;
}

export interface Attesting {
  readonly fmt: 'none' | 'packed' | 'apple' | 'tpm';
  readonly maker?: Maker;
  /** Packed without certificates: signed by the new key itself. */
  readonly self?: boolean;
  readonly aaguid?: Buffer;
  /** Signs the attestation instead of the maker's key. */
  readonly signer?: KeyObject;
  /** Announces another id than the one that is signed. */
  readonly announcedId?: string;
}

/** A maker's certificate for its authenticators, and the ones that vouch for it, leaf first. */
export interface Maker {
  readonly chain: readonly Buffer[];
  readonly key: KeyObject;
}

export const AAGUID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

/** One key in one authenticator. */
export class SoftwareKey {
  readonly id = encodeBase64url(randomBytes(32));
  readonly #key = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** What navigator.credentials.create answers, as JSON. */
  register(
    { origin, rpId, challenge, type, flags, counter = 0, clientData, spoil }: Answering,
    attesting: Attesting = { fmt: 'none' },
  ): string {
    const data = clientDataOf(type ?? 'webauthn.create', origin, challenge, clientData);
    const id = Buffer.from(this.id, 'base64url');
    const idLength = Buffer.alloc(2);
    idLength.writeUInt16BE(id.length);
    const authData = Buffer.concat([
      authenticatorData(rpId, (flags ?? FLAGS.up | FLAGS.uv) | FLAGS.at, counter),
      attesting.aaguid ?? AAGUID,
      idLength,
      id,
      this.#cose(),
    ]);
    const attStmt = this.#statement(attesting, Buffer.concat([authData, sha256(spoil ? Buffer.of(0) : data)]));
    const attestationObject = Buffer.from(
      encode(
        new Map<string, unknown>([
          ['fmt', attesting.fmt],
          ['attStmt', attStmt],
          ['authData', authData],
        ]),
      ),
    );
    return JSON.stringify({
      id: attesting.announcedId ?? this.id,
      rawId: attesting.announcedId ?? this.id,
      type: 'public-key',
      response: {
        clientDataJSON: encodeBase64url(data),
        attestationObject: encodeBase64url(attestationObject),
        transports: ['internal', 'hybrid'],
      },
      clientExtensionResults: { credProps: { rk: true } },
    });
  }

  /** What navigator.credentials.get answers, as JSON. */
  answer({
    origin,
    rpId,
    challenge,
    type,
    flags,
    counter = 0,
    clientData,
    userHandle,
    signer,
    spoil,
  }: Answering): string {
    const data = clientDataOf(type ?? 'webauthn.get', origin, challenge, clientData);
    const authData = authenticatorData(rpId, flags ?? FLAGS.up | FLAGS.uv, counter);
    const message = Buffer.concat([authData, sha256(spoil ? Buffer.of(0) : data)]);
    return JSON.stringify({
      id: this.id,
      rawId: this.id,
      type: 'public-key',
      response: {
        clientDataJSON: encodeBase64url(data),
        authenticatorData: encodeBase64url(authData),
        signature: encodeBase64url(sign(signer ?? this.#key.privateKey, message)),
        ...(userHandle === undefined || userHandle === null ? {} : { userHandle: encodeBase64url(userHandle) }),
      },
      clientExtensionResults: {},
      authenticatorAttachment: 'platform',
    });
  }

  /** COSE_Key of ES256: RFC 9053 §7.1.1. */
  #cose(): Buffer {
    const { x = '', y = '' } = this.#key.publicKey.export({ format: 'jwk' });
    const point = (text: string): Buffer => Buffer.from(text, 'base64url');
    return Buffer.from(
      encode(
        new Map<number, unknown>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, point(x)],
          [-3, point(y)],
        ]),
      ),
    );
  }

  #statement({ fmt, maker, self, signer }: Attesting, message: Buffer): Map<string, unknown> {
    if (fmt === 'none') return new Map();
    const key = signer ?? (self === true ? this.#key.privateKey : maker?.key);
    const signed: [string, unknown][] =
      key === undefined
        ? []
        : [
            ['alg', -7],
            ['sig', sign(key, message)],
          ];
    return new Map<string, unknown>([...signed, ...(maker === undefined ? [] : [['x5c', maker.chain] as const])]);
  }
}

function clientDataOf(
  type: string,
  origin: string,
  challenge: Uint8Array,
  more: Readonly<Record<string, unknown>> = {},
): Buffer {
  return Buffer.from(
    JSON.stringify({ type, challenge: encodeBase64url(challenge), origin, crossOrigin: false, ...more }),
  );
}

function authenticatorData(rpId: string, flags: number, counter: number): Buffer {
  const tail = Buffer.alloc(5);
  tail.writeUInt8(flags);
  tail.writeUInt32BE(counter, 1);
  return Buffer.concat([sha256(Buffer.from(rpId)), tail]);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function sign(key: KeyObject, message: Uint8Array): Buffer {
  return createSign('sha256').update(message).sign(key);
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** An authority for authenticators, of its own making. */
export class AttestationRoot {
  readonly certificate: X509Certificate;
  readonly #keys: Keys;

  private constructor(certificate: X509Certificate, keys: Keys) {
    this.certificate = certificate;
    this.#keys = keys;
  }

  static async create(validity: Validity, name = 'CN=Test Attestation Root'): Promise<AttestationRoot> {
    const keys = newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name,
      ...validity,
      keys: web(keys),
      signingAlgorithm: ECDSA,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    return new AttestationRoot(certificate, keys);
  }

  pem(): string {
    return this.certificate.toString('pem');
  }

  /** A certificate for authenticators (§8.2.1) with its key, signed here; `ca`: one that may issue others. */
  async certify(
    validity: Validity,
    { ca = false, aaguid = AAGUID }: { readonly ca?: boolean; readonly aaguid?: Buffer } = {},
  ): Promise<Maker> {
    const keys = newKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: '02',
      subject: 'C=DE, O=Test Maker, OU=Authenticator Attestation, CN=Test Key',
      issuer: this.certificate.subject,
      ...validity,
      publicKey: web(keys).publicKey,
      signingKey: web(this.#keys).privateKey,
      signingAlgorithm: ECDSA,
      extensions: [
        new BasicConstraintsExtension(ca, undefined, true),
        new Extension('1.3.6.1.4.1.45724.1.1.4', false, Buffer.concat([Buffer.of(4, 16), aaguid])),
      ],
    });
    return { chain: [Buffer.from(certificate.rawData)], key: keys.privateKey };
  }

  /** An authority under this one. */
  async delegate(validity: Validity, ca = true): Promise<AttestationRoot> {
    const keys = newKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: '03',
      subject: 'C=DE, O=Test Maker, CN=Test Intermediate',
      issuer: this.certificate.subject,
      ...validity,
      publicKey: web(keys).publicKey,
      signingKey: web(this.#keys).privateKey,
      signingAlgorithm: ECDSA,
      extensions: [new BasicConstraintsExtension(ca, undefined, true)],
    });
    return new AttestationRoot(certificate, keys);
  }
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function newKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** The same keys for the library that writes certificates. */
function web({ privateKey, publicKey }: Keys) {
  return {
    privateKey: privateKey.toCryptoKey(ECDSA, true, ['sign']),
    publicKey: publicKey.toCryptoKey(ECDSA, true, ['verify']),
  };
}
