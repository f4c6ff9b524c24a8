// Owns: answering an OpenID Connect client at the authorization endpoint: a code, an ID token, or an error.
// Leaves to authorization-response.ts: how it travels. Leaves to the token endpoint: what a code is good for.
import type { PendingAnswer } from '../../core/authentication-request.ts';
import type { Authenticated } from '../../core/authentication-result.ts';
import { shownAddress } from '../../core/consent.ts';
import type { Answer, AnswerContext, ProtocolAdapter, Refused } from '../../core/protocol-adapter.ts';
import type { Clock, EpochSeconds } from '../../lib/clock.ts';
import { type Client, isPublic } from '../../parties/client.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { proves } from './acr.ts';
import type { AuthorizationResponder, ReturnAddress } from './authorization-response.ts';
import { type Codes, redirectDigest } from './codes.ts';
import { disclosedItems } from './disclosure.ts';
import type { IssueIdToken } from './id-token.ts';
import { REFUSAL_ERRORS, refusalError, refusedWithPage } from './oidc-errors.ts';
import { decodePending, type PendingOidc, shortHash, subjectDigest } from './pending-answer.ts';
import { scopeBits } from './scopes.ts';
import { missingAlgorithm } from './signable.ts';
import type { SubjectOf } from './subject.ts';

export interface OidcAdapterDeps {
  readonly registry: Pick<PartyRegistry, 'findClientByHash'>;
  readonly codes: Codes;
  readonly issueIdToken: IssueIdToken;
  readonly responder: AuthorizationResponder;
  readonly subjectOf: SubjectOf;
  readonly keys: () => SigningKeySet;
  readonly clock: Clock;
}

interface Addressee {
  readonly to: ReturnAddress;
  readonly pending: PendingOidc;
}

export function createOidcAdapter(deps: OidcAdapterDeps): ProtocolAdapter & { readonly protocol: 'oidc' } {
  const { codes, issueIdToken, responder, subjectOf } = deps;

  const succeed = async (
    { to, pending }: Addressee,
    result: Authenticated,
    context: AnswerContext,
    now: EpochSeconds,
  ): Promise<Answer> => {
    const { client } = to;
    const { account, session, proofs } = result;
    const wantsCode = pending.responseType !== 'id_token';
    const code = wantsCode ? sealCode(codes, to, pending, result, context, now) : null;
    if (wantsCode && code === null) {
      const reply = await responder.failure(to, REFUSAL_ERRORS.unavailable, now);
      const error = { code: 'no-code', detail: 'no key seals', relyingParty: client.relyingParty.key };
      return { kind: 'answer', reply, participant: null, error };
    }
    const idToken =
      pending.responseType === 'code'
        ? null
        : await issueIdToken(
            {
              client,
              account,
              sid: session.sid,
              events: proofs,
              scopes: pending.scopes,
              claims: pending.claims.idToken,
              nonce: pending.nonce,
              acr: pending.acr,
              code,
              accessToken: null,
              withScopeClaims: pending.responseType === 'id_token',
            },
            now,
          );
    const parameters = { ...(code === null ? {} : { code }), ...(idToken === null ? {} : { id_token: idToken }) };
    const reply = await responder.success(to, parameters, now);
    const participant = { relyingParty: client.hash, at: now, nameId: { kind: 'derived' } } as const;
    return { kind: 'answer', reply, participant, error: null };
  };

  return {
    protocol: 'oidc',
    answer: async (result, answerTo, context) => {
      const to = addressee(deps, answerTo);
      if ('kind' in to) return to;
      const now = deps.clock();
      if (result.kind === 'authenticated') return succeed(to, result, context, now);
      const reply = await responder.failure(to.to, refusalError(result), now);
      return { kind: 'answer', reply, participant: null, error: null };
    },
    isRequiredSubject: (account, answerTo) => {
      const to = addressee(deps, answerTo);
      if ('kind' in to || to.pending.subject === null) return false;
      return subjectDigest(subjectOf(to.to.client, account.id)).equals(to.pending.subject);
    },
    canState: (methods, answerTo) => {
      const pending = decodePending(answerTo);
      return pending?.acrEssential !== true || pending.acr.some((acr) => proves(acr, methods));
    },
    isUnassured: (answerTo) => {
      const to = addressee(deps, answerTo);
      return !('kind' in to) && isAnyPrograms(to.to, to.pending);
    },
    disclosure: (account, answerTo) => {
      const to = addressee(deps, answerTo);
      if ('kind' in to) return null;
      const { client, redirectUri } = to.to;
      const { scopes, resources } = to.pending;
      const named = client.metadata.signet.resources.filter((one) => resources.includes(shortHash(one)));
      const items = disclosedItems(client, account, { scopes, resources: named });
      return { items, returnsTo: shownAddress(redirectUri) };
    },
  };
}

/**
 * Any program may listen on a loopback port, or claim a private scheme. It is told who the person is where it needs no secret
 * for that: as a public client, or in the answer itself (RFC 8252 §8.6, RFC 6749 §10.2). An https address is somebody's own.
 */
function isAnyPrograms({ client, redirectUri }: ReturnAddress, { responseType }: PendingOidc): boolean {
  const withoutSecret = isPublic(client) || responseType !== 'code';
  return withoutSecret && !redirectUri.startsWith('https:');
}

function sealCode(
  codes: Codes,
  { client, redirectUri }: ReturnAddress,
  pending: PendingOidc,
  { account, session, proofs }: Authenticated,
  context: AnswerContext,
  now: EpochSeconds,
): string | null {
  const content = {
    id: context.answerId,
    sid: session.sid,
    accountId: account.id,
    sessionCreated: session.created,
    events: proofs,
    redirectUri: redirectDigest(redirectUri),
    codeChallenge: pending.codeChallenge,
    dpopKey: pending.dpopKey,
    scope: scopeBits(pending.scopes),
    resources: pending.resources.map((one) => Buffer.from(one, 'hex')),
    claims: [pending.claims.idToken.join(' '), pending.claims.userinfo.join(' ')],
    nonce: pending.nonce,
    acr: pending.acr.map(({ number }) => number),
  } as const;
  return codes.seal(client.metadata.client_id, content, context.ancestors, now);
}

/** Where the answer goes, looked up again: client or address may have been removed while the person signed in. */
function addressee(deps: OidcAdapterDeps, answerTo: PendingAnswer): Addressee | Refused {
  const pending = decodePending(answerTo);
  if (pending === null) return refusedWithPage('pending-unreadable', 'not of this release', null);
  const client = deps.registry.findClientByHash(pending.partyHash);
  if (client === undefined) return refusedWithPage('unknown-client', `removed: ${pending.partyHash}`, null);
  const unsigned = missingAlgorithm(client, deps.keys());
  if (unsigned !== null) return refusedWithPage('cannot-sign', unsigned, client.relyingParty.key);
  const redirectUri = addressOf(client, pending);
  if (redirectUri === null) {
    return refusedWithPage('unregistered-redirect-uri', 'removed meanwhile', client.relyingParty.key);
  }
  return { to: { client, redirectUri, mode: pending.responseMode, state: pending.state }, pending };
}

/** Of an address without a port. */
const HTTP_PORT = 80;

function addressOf({ metadata }: Client, { redirectHash, loopbackPort }: PendingOidc): string | null {
  const registered = metadata.redirect_uris.find((one) => shortHash(one) === redirectHash);
  if (registered === undefined || loopbackPort === null) return registered ?? null;
  const port = loopbackPort === HTTP_PORT ? '' : `:${loopbackPort}`;
  return registered.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d+)?/, `$1${port}`);
}
