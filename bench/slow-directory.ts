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
import { atFixedRate } from './load.ts';
import { openLogins, postLogin } from './login-client.ts';
import { BOTH_CORES } from './machine.ts';
import { ssoRequests } from './requests.ts';
import { median, percentile } from './statistics.ts';
import type { Row } from './table.ts';

export interface SlowDirectoryPlan {
  readonly rounds: number;
  readonly seconds: number;
  readonly ssoPerSecond: number;
}

const SESSIONS = 16;
/** Who try to sign in all the time while the server hangs. */
const WAITING = 8;

/** (h) */
export async function measureSlowDirectory(folder: Folder, plan: SlowDirectoryPlan): Promise<readonly Row[]> {
  if (!OPENLDAP_TOOLS.every((tool) => existsSync(tool))) return [row('slapd is not installed', '', '', null)];
  const server = await startOpenLdap();
  const people = { ...folder, loginNames: Array.from({ length: SESSIONS }, (_, i) => `ldap${i}`) };
  for (const uid of people.loginNames) {
    await addLdapPerson(server, { uid, password: PASSWORD, attributes: { mail: `${uid}@example.org` } });
  }
  const node = await startNode(folder, { cores: BOTH_CORES, environment: settings(server) });
  const [quick, hanging]: [number[], number[]] = [[], []];
  try {
    const sessions = await signEverybodyIn(people);
    const ask = async (): Promise<readonly number[]> => {
      const connections = await Promise.all(sessions.map((cookies) => Connection.open(folder.port, cookies)));
      const requests = ssoRequests(plan.seconds * plan.ssoPerSecond, folder.ssoUrl);
      const latencies = await atFixedRate(connections, requests, plan.ssoPerSecond);
      for (const connection of connections) connection.close();
      return latencies;
    };
    await ask(); // for the compiler
    for (let i = 0; i < plan.rounds; i++) {
      quick.push(...(await ask()));
      const logins = await openLogins(people, WAITING * plan.seconds * 2);
      server.signal('SIGSTOP');
      let stopped = false;
      const waiting = Array.from({ length: WAITING }, async () => {
        const connection = await Connection.open(folder.port, '');
        for (let login = logins.pop(); login !== undefined && !stopped; login = logins.pop()) {
          await postLogin(connection, login);
        }
        connection.close();
      });
      await sleep(500);
      hanging.push(...(await ask()));
      stopped = true;
      server.signal('SIGCONT');
      await Promise.all(waiting);
      await sleep(1000);
    }
  } finally {
    server.signal('SIGCONT');
    await stopNode(node);
    await server.close();
  }
  const [before, during] = [percentile(quick, 0.99), percentile(hanging, 0.99)];
  const compared = `p99 while it answers: ${before.toFixed(2)} ms; ${WAITING} sign-ins wait for it`;
  return [
    row(`${during.toFixed(2)} ms`, compared, `${(during / before).toFixed(2)} ×`, during <= 1.5 * before),
    {
      what: '(h) SSO p50 while LDAP hangs',
      value: `${median(hanging).toFixed(2)} ms`,
      comparedWith: `p50 while it answers: ${median(quick).toFixed(2)} ms`,
      ratio: `${(median(hanging) / median(quick)).toFixed(2)} ×`,
      bar: '',
      held: null,
    },
  ];
}

function row(value: string, comparedWith: string, ratio: string, held: boolean | null): Row {
  return { what: '(h) SSO p99 while LDAP hangs', value, comparedWith, ratio, bar: '≤ 1.5 ×', held };
}

function settings({ plainUrl }: OpenLdap): Readonly<Record<string, string>> {
  const attributes = { displayName: 'cn', givenName: 'cn', sn: 'sn', mail: 'mail' };
  const ldap = {
    ...{ kind: 'ldap', urls: [plainUrl], base: LDAP_BASE, attributes },
    ...{ bindDn: SEARCH_DN, bindPasswordVariable: 'LDAP_PASSWORD' },
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
