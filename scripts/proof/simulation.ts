// Owns: the proof with the real lifetimes on a virtual time, over the product's code and commands: weekly rotations, two
// of them watched, the end and pruning of the old keys, sessions of twelve hours kept warm across each.
// Leaves to live.ts: processes, a balancer, requests that are under way when a node dies.
import { PersonBrowser } from '../../test/support/person.ts';
import { createLedger, type KeyRow } from './ledger.ts';
import { SIMULATION_BEGINS, type SimulatedFleet, startSimulatedFleet } from './simulated-fleet.ts';
import { type Regular, SimulatedPeople } from './simulated-people.ts';
import type { Tally } from './tally.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** As far apart as `skew` allows. */
export const SIMULATED_CLOCKS = [-30, 0, 30] as const;
/** `session.absolute` */
const SESSION = 12 * HOUR;
const REGULARS = ['alice', 'bob', 'carol', 'dave'] as const;
const NEWCOMER = 'erin';
/** How long newcomers leave the login page open, in seconds. */
const PAGE_OPEN = 45;
/** Every time is the default: a new key begins an hour after it was made. */
const ROTATE = ['rotate', '--if-due', '1d'] as const;
const WATCHED_ROTATIONS = 2;

export interface SimulationSettings {
  /** Seconds from the writing of a file until it is at each node; each time another node is the last. */
  readonly delays: readonly number[];
  /** Ends of old keys to watch, after two rotations; the first comes 97 days after the beginning. */
  readonly prunes: number;
}

/** A kubelet takes a minute or two to bring a changed Secret. */
export const DEFAULT_SIMULATION: SimulationSettings = { delays: [4, 61, 130], prunes: 2 };

export interface SimulationResult {
  /** Virtual time, in seconds. */
  readonly seconds: number;
  readonly tally: Tally;
  readonly keys: readonly KeyRow[];
  /** Keys that began, and that were pruned. */
  readonly rotations: number;
  readonly pruned: number;
  /** Times that a node was gone, and came back. */
  readonly gone: number;
  /** Values that did not open because of their key, or of the time. */
  readonly refusals: number;
}

/** Runs it all: with the default, 105 days in ten seconds. */
export async function runSimulation(settings: SimulationSettings): Promise<SimulationResult> {
  const fleet = await startSimulatedFleet(SIMULATED_CLOCKS, [...REGULARS, NEWCOMER]);
  try {
    return await new Simulation(fleet, settings).run();
  } finally {
    await fleet.close();
  }
}

class Simulation {
  readonly #fleet: SimulatedFleet;
  readonly #settings: SimulationSettings;
  readonly #ledger = createLedger();
  readonly #people: SimulatedPeople;
  readonly #regulars = REGULARS.map((name): Regular => ({ name, browser: new PersonBrowser(), ends: null }));
  #writes = 0;
  #rotations = 0;
  #prunes = 0;
  #pruned = 0;
  #gone = 0;

  constructor(fleet: SimulatedFleet, settings: SimulationSettings) {
    this.#fleet = fleet;
    this.#settings = settings;
    this.#people = new SimulatedPeople(fleet, this.#ledger, SESSION);
  }

  async run(): Promise<SimulationResult> {
    this.#ledger.learn(this.#fleet.ring());
    for (let day = 1; this.#rotations < WATCHED_ROTATIONS || this.#prunes < this.#settings.prunes; day++)
      await this.#night(SIMULATION_BEGINS + day * DAY);
    return {
      seconds: this.#fleet.now() - SIMULATION_BEGINS,
      tally: this.#people.tally,
      keys: this.#ledger.rows(),
      rotations: this.#rotations,
      pruned: this.#pruned,
      gone: this.#gone,
      refusals: await this.#fleet.refusals(),
    };
  }

  /** What cron does once a day. People are there when it changes something that is to be watched. */
  async #night(at: number): Promise<void> {
    this.#fleet.travelTo(at);
    if (await this.#changes(...ROTATE)) {
      this.#rotations += 1;
      if (this.#rotations <= WATCHED_ROTATIONS) await this.#watchRotation();
      else await this.#write(...ROTATE);
    } else if (await this.#changes('prune')) await this.#watchPrune();
  }

  /** Sessions across a new key: its file comes, it begins, the old one retires, the last session from before ends. */
  async #watchRotation(): Promise<void> {
    await this.#calmUntil(this.#fleet.now() + HOUR);
    await this.#write(...ROTATE);
    const written = this.#fleet.now();
    const begins = written + HOUR;
    const retires = begins + HOUR;
    // Gone while the file comes, the first time; gone while the key begins, the second.
    const [from, to] = this.#rotations === 1 ? [written + 1, written + 145] : [begins - 20, begins + 25];
    await this.#busyUntil(written + 150, from, to);
    await this.#calmUntil(begins - 90);
    const forgotten = await this.#people.openPage(NEWCOMER);
    await this.#busyUntil(begins + 120, from, to);
    await this.#calmUntil(retires - 90);
    await this.#busyUntil(retires + 90, from, to);
    await forgotten();
    await this.#calmUntil(retires + SESSION);
  }

  async #watchPrune(): Promise<void> {
    await this.#calmUntil(this.#fleet.now() + HOUR);
    const before = this.#fleet.ring().keys.length;
    await this.#write('prune');
    this.#prunes += 1;
    this.#pruned += before - this.#fleet.ring().keys.length;
    await this.#busyUntil(this.#fleet.now() + 150, 0, 0);
    await this.#calmUntil(this.#fleet.now() + HOUR);
  }

  async #changes(...command: readonly string[]): Promise<boolean> {
    return (await this.#fleet.keys(...command, '--dry-run')).includes(', not written');
  }

  /** Changes the ring, and sends it on its way. */
  async #write(...command: readonly string[]): Promise<void> {
    await this.#fleet.keys(...command);
    this.#ledger.learn(this.#fleet.ring());
    const { delays } = this.#settings;
    const turn = this.#writes % delays.length;
    this.#fleet.send([...delays.slice(turn), ...delays.slice(0, turn)]);
    this.#writes += 1;
  }

  /** Everybody comes every twenty minutes. */
  async #calmUntil(end: number): Promise<void> {
    while (this.#fleet.now() < end) {
      this.#fleet.travelTo(Math.min(end, this.#fleet.now() + 20 * MINUTE));
      for (const regular of this.#regulars) await this.#people.visit(regular);
    }
  }

  /** Somebody comes every second, and every tenth somebody new. One node is gone between two of these moments. */
  async #busyUntil(end: number, goneFrom: number, goneTo: number): Promise<void> {
    const node = this.#rotations === 1 ? 'n2' : 'n3';
    const open: { readonly at: number; readonly type: () => Promise<void> }[] = [];
    while (this.#fleet.now() < end) {
      const now = this.#fleet.now() + 1;
      this.#fleet.travelTo(now);
      if (now === goneFrom) await this.#fleet.kill(node);
      if (now === goneTo) {
        await this.#fleet.restart(node);
        this.#gone += 1;
      }
      const regular = this.#regulars[now % this.#regulars.length];
      if (regular !== undefined) await this.#people.visit(regular);
      if (now % 10 === 0) open.push({ at: now + PAGE_OPEN, type: await this.#people.openPage(NEWCOMER) });
      for (const page of open.splice(0)) {
        if (now < page.at && now < end) open.push(page);
        else await page.type();
      }
    }
  }
}
