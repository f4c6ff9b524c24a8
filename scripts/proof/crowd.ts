// Owns: how many people come, how often, and how: regular visitors, rare ones, newcomers, and those who leave the login
// page open. At a steady rate that two cores bear. Leaves to visitor.ts: what one visit is.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../local-cluster.ts';
import type { RequestBinding } from '../saml-sp.ts';
import { type ProofSp, type Visit, Visitor, type World } from './visitor.ts';

export interface Crowd {
  /** Session cookies that people hold now. */
  readonly sessions: () => readonly string[];
  /** Everybody finishes what they are at. */
  readonly stop: () => Promise<void>;
}

interface Habit {
  readonly people: number;
  /** Between the beginnings of two visits. */
  readonly everyMs: number;
  /** How long the login page stays open, at most; each time another part of it. */
  readonly hesitateMs: number;
  /** A new browser for each visit. */
  readonly newcomer: boolean;
}

/** About twelve single sign-ons and two passwords a second. Sessions end after `session.absolute`: then a password. */
const HABITS: readonly Habit[] = [
  { people: 8, everyMs: 750, hesitateMs: 0, newcomer: false },
  // Rare enough that a session is still under the old key when that has retired.
  { people: 8, everyMs: 5300, hesitateMs: 0, newcomer: false },
  { people: 2, everyMs: 2600, hesitateMs: 0, newcomer: true },
  // A login page that one key sealed is sent when another seals.
  { people: 6, everyMs: 6400, hesitateMs: 6000, newcomer: true },
];

const BINDINGS: readonly RequestBinding[] = ['redirect', 'post'];

export function startCrowd(world: World, sps: readonly ProofSp[], person: Person): Crowd {
  const stopping = new AbortController();
  const visitors = new Set<Visitor>();

  const pause = (milliseconds: number): Promise<void> =>
    sleep(milliseconds, undefined, { signal: stopping.signal }).catch(() => {});

  const live = async (habit: Habit, number: number): Promise<void> => {
    let visitor = new Visitor(world, person);
    visitors.add(visitor);
    // Not all at the same moment.
    await pause((habit.everyMs * number) / habit.people);
    for (let round = number; !stopping.signal.aborted; round++) {
      const begun = performance.now();
      await visitor.visit(visitOf(habit, round));
      if (habit.newcomer) {
        visitors.delete(visitor);
        visitor.close();
        visitor = new Visitor(world, person);
        visitors.add(visitor);
      }
      await pause(Math.max(0, habit.everyMs - (performance.now() - begun)));
    }
  };

  const visitOf = ({ hesitateMs }: Habit, round: number): Visit => {
    const sp = sps[round % sps.length];
    if (sp === undefined) throw new RangeError('there is no service provider');
    const binding = BINDINGS[Math.floor(round / sps.length) % BINDINGS.length] ?? 'redirect';
    return { sp, binding, hesitateMs: (hesitateMs * ((round % 5) + 1)) / 5 };
  };

  const lives = HABITS.flatMap((habit) => Array.from({ length: habit.people }, (_, number) => live(habit, number)));
  return {
    sessions: () => [...visitors].flatMap((visitor) => visitor.sessionCookie() ?? []),
    stop: async () => {
      stopping.abort();
      await Promise.all(lives);
      for (const visitor of visitors) visitor.close();
    },
  };
}
