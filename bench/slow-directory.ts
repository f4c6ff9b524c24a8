// Owns: measurement (h): single sign-on of people in LDAP while the LDAP server hangs and others wait for it to sign in.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addLdapPerson } from '../test/support/ldap-people.ts';
import {
  LDAP_BASE,
  OPENLDAP_TOOLS,
  type OpenLdap,
  SEARCH_DN,
  SEARCH_PASSWORD,
  startOpenLdap,
} from '../test/support/openldap.ts';
import { Connection } from './connection.ts';
import { type Folder, PASSWORD, startNode, stopNode } from './identity-provider.ts';
import { type Answered, atFixedRate, steadily } from './load.ts';
import { openLogins, postLogin } from './login-client.ts';
import { NODE_CORE } from './machine.ts';
import { ssoRequests } from './requests.ts';
import { type Counted, type RoundsPlan, runRounds, type Timed } from './rounds.ts';
import { median, percentile } from './statistics.ts';
import type { Row } from './table.ts';

export interface SlowDirectoryPlan extends RoundsPlan {
  readonly seconds: number;
  readonly ssoPerSecond: number;
}

const SESSIONS = 16;
/** Who try to sign in all the time while the server hangs. */
const WAITING = 8;
/** Seconds, less than by default, so that in every phase people are told that it did not work, and try again. */
const GIVE_UP = 2;

interface Round extends Timed {
  readonly answering: readonly number[];
  readonly hanging: readonly number[];
}

/** (h). The node is alone on its core: no hash is made here, and the client must not be in its way. */
export async function measureSlowDirectory(folder: Folder, plan: SlowDirectoryPlan): Promise<readonly Row[]> {
  if (!OPENLDAP_TOOLS.every((tool) => existsSync(tool))) return [row('p99', 'slapd is not installed', '', '')];
  const server = await startOpenLdap();
  const people = { ...folder, loginNames: Array.from({ length: SESSIONS }, (_, i) => `ldap${i}`) };
  for (const uid of people.loginNames) {
    await addLdapPerson(server, { uid, password: PASSWORD, attributes: { mail: `${uid}@example.org` } });
  }
  const node = await startNode(folder, { cores: NODE_CORE, environment: settings(server) });
  try {
    const sessions = await signEverybodyIn(people);
    const ask = async (): Promise<Answered> => {
      const connections = await Promise.all(sessions.map((cookies) => Connection.open(folder.port, cookies)));
      const requests = ssoRequests(plan.seconds * plan.ssoPerSecond, folder.ssoUrl);
      const answered = await atFixedRate(connections, requests, steadily(requests.length, plan.ssoPerSecond));
      for (const connection of connections) connection.close();
      return answered;
    };
    await ask(); // for the compiler
    return rowsOf(
      await runRounds(plan, async (): Promise<Round> => {
        const answering = await ask();
        const waiting = await waitForServer(people, server, plan.seconds);
        await sleep(500);
        const hanging = await ask();
        await waiting.end();
        const lateness = [...answering.lateness, ...hanging.lateness];
        return { answering: answering.latencies, hanging: hanging.latencies, lateness };
      }),
    );
  } finally {
    server.signal('SIGCONT');
    await stopNode(node);
    await server.close();
  }
}

/** The server hangs from now on, and people who try to sign in wait for it. */
async function waitForServer(
  people: Folder,
  server: OpenLdap,
  seconds: number,
): Promise<{ readonly end: () => Promise<void> }> {
  const logins = await openLogins(people, WAITING * seconds * 2);
  server.signal('SIGSTOP');
  let stopped = false;
  const waiting = Array.from({ length: WAITING }, async () => {
    const connection = await Connection.open(people.port, '');
    for (let login = logins.pop(); login !== undefined && !stopped; login = logins.pop()) {
      await postLogin(connection, login);
    }
    connection.close();
  });
  return {
    end: async () => {
      stopped = true;
      server.signal('SIGCONT');
      await Promise.all(waiting);
      await sleep(1000);
    },
  };
}

function rowsOf({ rounds, loaded }: Counted<Round>): readonly Row[] {
  const [answering, hanging] = [rounds.flatMap((round) => round.answering), rounds.flatMap((round) => round.hanging)];
  const [before, during] = [percentile(answering, 0.99), percentile(hanging, 0.99)];
  const [usual, meanwhile] = [median(answering), median(hanging)];
  return [
    {
      ...row(
        'p99',
        `${during.toFixed(2)} ms`,
        `p99 while it answers: ${before.toFixed(2)} ms; ${WAITING} sign-ins wait for it`,
        times(during / before),
      ),
      ...{ bar: '≤ 1.5 ×', held: during <= 1.5 * before, loaded },
    },
    {
      ...row(
        'p50',
        `${meanwhile.toFixed(2)} ms`,
        `p50 while it answers: ${usual.toFixed(2)} ms`,
        times(meanwhile / usual),
      ),
      loaded,
    },
  ];
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}

function row(which: 'p50' | 'p99', value: string, comparedWith: string, ratio: string): Row {
  return { what: `(h) SSO ${which} while LDAP hangs`, value, comparedWith, ratio, bar: '', held: null };
}

function settings({ plainUrl }: OpenLdap): Readonly<Record<string, string>> {
  const attributes = { displayName: 'cn', givenName: 'cn', sn: 'sn', mail: 'mail' };
  const ldap = {
    ...{ kind: 'ldap', urls: [plainUrl], base: LDAP_BASE, attributes },
    ...{ bindDn: SEARCH_DN, bindPasswordVariable: 'LDAP_PASSWORD', operationTimeout: GIVE_UP },
  };
  return { SIGNET_DIRECTORIES: JSON.stringify([ldap]), LDAP_PASSWORD: SEARCH_PASSWORD };
}

/** Cookie headers, one for each. */
async function signEverybodyIn(people: Folder): Promise<readonly string[]> {
  const sessions: string[] = [];
  for (const login of await openLogins(people, SESSIONS)) {
    const connection = await Connection.open(people.port, '');
    if ((await postLogin(connection, login)) !== 'signed-in') throw new Error('somebody in LDAP was not let in');
    sessions.push(connection.cookies);
    connection.close();
  }
  return sessions;
}
