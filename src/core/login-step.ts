// Owns: what goes into the login flow and what comes out of it, as data. Leaves to login-flow.ts: the decision.
import type { EpochSeconds } from '../lib/clock.ts';
import type { Account } from './account.ts';
import type { AssuranceLevel } from './assurance.ts';
import type { AuthenticationEvent, FactorFailure, MethodName } from './authentication-event.ts';
import type { AuthenticationRequest } from './authentication-request.ts';
import type { AuthenticationResult } from './authentication-result.ts';
import type { ConsentState } from './consent.ts';
import type { Enrolment } from './enrolment.ts';
import type { LoginContext } from './login-context.ts';
import type { NamedProof } from './login-goal.ts';
import type { Session } from './session.ts';

/** Everything outside the attempt itself that the decision depends on. */
export interface LoginSituation {
  readonly request: AuthenticationRequest;
  /** Opened, live and not revoked; null when there is none. Looked at again on every step. */
  readonly session: Session | null;
  /** What the directory says now of the session's subject. */
  readonly sessionAccount: Account | null;
  /** What the directory says now of the context's subject. */
  readonly contextAccount: Account | null;
  /** A directory could not be asked about one of them, or nobody can say whether the session has been ended. */
  readonly outage: boolean;
  /** Null until a step said that it is needed: a session that is enough is answered without reading it. */
  readonly enrolment: Enrolment | null;
  /** Before the answer the person has to agree: the party wants it always, or this request does. */
  readonly asksConsent: boolean;
  /** Nobody knows which program asks: beside a session the person's own doing is needed, each time. */
  readonly unassured: boolean;
  /** Null until a step said that it is needed: parties whose people are not asked cost no look into a database. */
  readonly consent: ConsentState | null;
  /** The methods that anybody can have here. */
  readonly possible: readonly MethodName[];
  /** The methods that a person can be shown how to enrol while they sign in. */
  readonly enrollable: readonly MethodName[];
  /** The party's floor for this person's groups. */
  readonly floor: (account: Account) => AssuranceLevel;
  /** Until then the floor does not keep out who has enrolled nothing yet; null: it does already. */
  readonly graceUntil: EpochSeconds | null;
  /** Only asked when the request names a subject. */
  readonly isRequiredSubject: (account: Account) => boolean;
  /** Whether the answer can be worded as the party asked. */
  readonly named: NamedProof;
  /** The sid of a session that this attempt starts for this account; the same on every node (docs/sealed-values.md). */
  readonly newSid: (account: Account) => Uint8Array;
  readonly now: EpochSeconds;
}

/** What the outside reports. Secrets have been checked, and thrown away, before this point. */
export type LoginInput =
  | { readonly kind: 'arrived' | 'declined' }
  | { readonly kind: 'proved'; readonly account: Account; readonly event: AuthenticationEvent }
  | { readonly kind: 'failed'; readonly failure: FactorFailure; readonly typedName: string }
  /** Another way was chosen, or the same one once more. */
  | { readonly kind: 'chosen'; readonly method: MethodName }
  /** The person does not want to enrol anything yet. */
  | { readonly kind: 'skipped' }
  /** The person agrees to what has this digest. */
  | { readonly kind: 'consented'; readonly digest: string };

export type LoginStep =
  /** Ask who it is, with a first proof by one of `methods`; `loginName` is filled in when it is known or suggested. */
  | {
      readonly kind: 'identify';
      readonly loginName: string | null;
      readonly methods: readonly MethodName[];
      readonly failure: FactorFailure | null;
    }
  /** Read this of the account, and ask again with it in the situation: same context, same input. */
  | { readonly kind: 'look-up'; readonly what: 'enrolment' | 'consent'; readonly account: Account }
  /** It is known who it is: ask for `method`; any of `methods` brings them on. */
  | {
      readonly kind: 'challenge';
      readonly account: Account;
      readonly methods: readonly MethodName[];
      readonly method: MethodName;
      readonly failure: FactorFailure | null;
    }
  /** Nothing that they have is enough and they may enrol one of `methods`; `skippable` until `graceUntil`. */
  | {
      readonly kind: 'enrol';
      readonly account: Account;
      readonly methods: readonly MethodName[];
      readonly skippable: boolean;
    }
  /** Show what would be told, and ask to agree. `changed`: to something else than what was agreed to just now. */
  | { readonly kind: 'consent'; readonly account: Account; readonly digest: string; readonly changed: boolean }
  /** What is enrolled cannot be read: ask to come back, and keep the attempt. */
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'finished'; readonly result: AuthenticationResult };

export interface Progress {
  readonly context: LoginContext;
  readonly step: LoginStep;
}
