// Owns: how somebody whose application demands a second factor comes to have one while they sign in: its pages inside the
// login flow. Leaves to core/login-flow who may; to enrolment-desk.ts: what counts.
import type { MethodName } from '../core/authentication-event.ts';
import type { CredentialKind } from '../core/credential.ts';
import type { LoginInput } from '../core/login-step.ts';
import type { Reply } from '../core/reply.ts';
import { DESTINATION_FIELD, type FactorSubject } from '../methods/factor-method.ts';
import type { Desk } from './desk.ts';
import { type EnrolmentDesk, type EnrolmentPlace, type EnrolmentRefused, withRetryOf } from './enrolment-desk.ts';
import {
  type Enrol,
  type LoginEnrolment,
  type LoginWorld,
  type Next,
  type StoredVisit,
  speechOf,
} from './login-visit.ts';

/** What each method is enrolled as. Mail and recovery codes are not among them: neither is enough for anybody. */
const KIND_OF: Readonly<Partial<Record<MethodName, CredentialKind>>> = {
  'attested-key': 'webauthn',
  passkey: 'webauthn',
  webauthn: 'webauthn',
  totp: 'totp',
  'sms-code': 'sms',
};

/** What a form of an enrolment wants, by its field `enrol`. */
export const ENROL_BEGIN = 'begin';
export const ENROL_CONFIRM = 'confirm';

type Due = Next & { readonly step: Enrol };

export function createLoginEnrolment(
  desk: Desk,
  enrolments: EnrolmentDesk,
  relyingParty: LoginWorld['relyingParty'],
): LoginEnrolment {
  const methods = (Object.keys(KIND_OF) as MethodName[]).filter((method) => {
    const kind = KIND_OF[method];
    return kind !== undefined && enrolments.kinds.includes(kind);
  });

  const placeOf = ({ flow, cookie }: StoredVisit): EnrolmentPlace => ({
    id: flow.innerId,
    ancestor: { kid: cookie.kid, lineage: flow.lineage },
  });
  const subjectOf = ({ step, enrolled }: Due): FactorSubject => ({ account: step.account, enrolled });
  const kindsOf = ({ step }: Due): readonly CredentialKind[] => [
    ...new Set(step.methods.flatMap((method) => KIND_OF[method] ?? [])),
  ];
  const formOf = (visit: StoredVisit) => ({
    action: `/flow/${visit.cookie.id}`,
    formToken: desk.forms.make(visit.flow.innerId, 'login'),
  });

  const choice = (visit: StoredVisit, due: Due, refused: EnrolmentRefused | null): Reply => {
    const { language, words, application } = speechOf({ relyingParty }, visit);
    const graceUntil = relyingParty(visit.flow.request.relyingParty)?.floor.graceUntil ?? null;
    const page = desk.pages.enrolChoice(language, refused?.status ?? 200, {
      ...formOf(visit),
      relyingParty: application,
      loginName: due.step.account.loginName,
      kinds: kindsOf(due),
      until: due.step.skippable && graceUntil !== null ? words.date(graceUntil) : null,
      problem: refused?.sentence ?? null,
      destination: visit.facts.form.get(DESTINATION_FIELD) ?? '',
    });
    return refused === null ? page : withRetryOf(page, refused);
  };

  const begun = async (visit: StoredVisit, due: Due, refused: EnrolmentRefused | null): Promise<Reply> => {
    const pending = await enrolments.pending(subjectOf(due), placeOf(visit), visit.facts);
    if (pending === null || !kindsOf(due).includes(pending.kind)) return choice(visit, due, refused);
    const { language } = speechOf({ relyingParty }, visit);
    const page = desk.pages.enrol(language, refused?.status ?? 200, {
      ...formOf(visit),
      kind: pending.kind,
      question: pending.page,
      problem: refused?.sentence ?? null,
      replaces: false,
      destination: '',
      seconds: null,
      back: null,
    });
    return refused === null ? page : withRetryOf(page, refused);
  };

  const submit = async (visit: StoredVisit, due: Due): Promise<LoginInput | Reply> => {
    const { form } = visit.facts;
    const toPage: Reply = { kind: 'redirect', status: 303, location: `/flow/${visit.cookie.id}` };
    const wanted = form.get('enrol');
    if (wanted === ENROL_BEGIN) {
      const kind = kindsOf(due).find((one) => one === form.get('kind'));
      if (kind === undefined) return toPage;
      const answer = await enrolments.begin(kind, subjectOf(due), placeOf(visit), visit.facts);
      return answer.kind === 'begun' ? { ...toPage, cookies: [answer.cookie] } : choice(visit, due, answer);
    }
    if (wanted !== ENROL_CONFIRM) return { ...toPage, cookies: [enrolments.ended] };
    const result = await enrolments.confirm(subjectOf(due), placeOf(visit), visit.facts);
    if (result.kind === 'over') return { ...toPage, cookies: [enrolments.ended] };
    if (result.kind === 'refused') return begun(visit, due, result);
    return result.event === null ? toPage : { kind: 'proved', account: due.step.account, event: result.event };
  };

  return { methods, show: (visit, due) => begun(visit, due, null), submit };
}
