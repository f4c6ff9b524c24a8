// Owns: what the balancer saw of sign-ins, by time. Which person a request belonged to it does not know, and does not say.
import type { BalancerStep } from './haproxy.ts';

export interface TimedStep extends BalancerStep {
  /** When the answer was complete, in milliseconds since 1970. */
  readonly atMs: number;
}

export interface Trail {
  readonly add: (step: BalancerStep) => void;
  /** The steps of sign-ins between two times; style sheets and health checks are left out. */
  readonly between: (fromMs: number, toMs: number) => readonly TimedStep[];
}

const STEPS_KEPT = 2000;

export function makeTrail(nowMs: () => number): Trail {
  const steps: TimedStep[] = [];
  return {
    add: (step) => {
      steps.push({ ...step, atMs: nowMs() });
      if (steps.length > STEPS_KEPT) steps.shift();
    },
    between: (fromMs, toMs) => steps.filter((step) => step.atMs >= fromMs && step.atMs <= toMs && isSignInStep(step)),
  };
}

function isSignInStep(step: BalancerStep): boolean {
  return step.path === '/saml/idp/sso' || step.path.startsWith('/flow/');
}
