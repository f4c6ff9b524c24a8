// Owns: the folder that is measured, and one real node on it. Leaves to the measurements: what is asked of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answersOk, type Child, endAll, runToEnd, startChild, waitUntil } from '../scripts/processes.ts';
import { addPerson, listPeople } from '../src/directories/users-file-edit.ts';
import { systemRandom } from '../src/lib/random.ts';
import { createHash } from '../src/methods/argon2.ts';

const SIGNET = fileURLToPath(new URL('../src/cli/signet.ts', import.meta.url));

export const SP_ENTITY_ID = 'https://wiki.example.org/saml/metadata';
export const SP_ACS = 'https://wiki.example.org/saml/acs';
export const PASSWORD = 'correct horse battery staple';
/** What configuration gives new hashes. */
export const ARGON2_COST = { memory: 65_536, time: 3, parallelism: 4 } as const;
/** Logins of one account are counted as one account's attempts, so a flood needs several people. */
const PEOPLE = 32;

/** The eight attributes that the party receives. */
export const ATTRIBUTES: ReadonlyMap<string, readonly string[]> = new Map([
  ['displayName', ['Alice Adams']],
  ['givenName', ['Alice']],
  ['sn', ['Adams']],
  ['mail', ['alice.adams@example.org']],
  ['eduPersonPrincipalName', ['alice@example.org']],
  ['eduPersonScopedAffiliation', ['staff@example.org', 'member@example.org']],
  ['employeeNumber', ['104729']],
  ['o', ['Example Organisation']],
]);

const PARTY_SETTINGS = `attributes: [${[...ATTRIBUTES.keys()].join(', ')}]\n`;

/** The same, and two factors are wanted from now on, or no longer; nodes that start later know. */
export async function wantTwoFactors(folder: Folder, wanted: boolean): Promise<void> {
  const text = `${PARTY_SETTINGS}${wanted ? 'assurance: { floor: aal2 }\n' : ''}`;
  await writeFile(join(folder.path, 'parties', 'wiki.yaml'), text);
}

export interface Folder {
  readonly path: string;
  readonly publicUrl: string;
  readonly ssoUrl: string;
  readonly port: number;
  readonly managementPort: number;
  readonly accountIds: readonly string[];
  readonly loginNames: readonly string[];
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly keyringFile: string;
  readonly passwordHash: string;
}

/** Makes a folder with `signet init`, people who share one password hash, and one party. */
export async function makeFolder(): Promise<Folder> {
  const path = join(await mkdtemp(join(tmpdir(), 'signet-bench-')), 'idp');
  const [port, managementPort] = [await freePort(), await freePort()];
  const publicUrl = `http://localhost:${port}`;
  await runToEnd(process.execPath, [SIGNET, 'init', path, '--public-url', publicUrl, '--directory', 'yaml']);
  const random = systemRandom();
  const passwordHash = await createHash(PASSWORD, ARGON2_COST, random);
  const usersFile = join(path, 'users.yaml');
  for (let i = 0; i < PEOPLE; i++) {
    const person = { loginName: `person${i}`, passwordHash, attributes: ATTRIBUTES, groups: [] };
    await addPerson(usersFile, person, random);
  }
  const people = await listPeople(usersFile);
  await writeFile(join(path, 'parties', 'wiki.xml'), SP_METADATA);
  await writeFile(join(path, 'parties', 'wiki.yaml'), PARTY_SETTINGS);
  return {
    path,
    publicUrl,
    ssoUrl: `${publicUrl}/saml/idp/sso`,
    port,
    managementPort,
    accountIds: people.map(({ account }) => account.id),
    loginNames: people.map(({ account }) => account.loginName),
    keyFile: join(path, 'keys', 'saml-signing', 'key.pem'),
    certificateFile: join(path, 'keys', 'saml-signing', 'certificate.pem'),
    keyringFile: join(path, 'keys', 'sealer.json'),
    passwordHash,
  };
}

export async function removeFolder(folder: Folder): Promise<void> {
  await rm(join(folder.path, '..'), { recursive: true, force: true });
}

const SP_METADATA = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${SP_ENTITY_ID}">
<md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${SP_ACS}" index="0" isDefault="true"/>
</md:SPSSODescriptor>
</md:EntityDescriptor>
`;

export interface NodeOptions {
  /** As taskset has them. */
  readonly cores: string;
  /** For the node's own node: a profile, say. */
  readonly nodeArguments?: readonly string[];
  /** Settings beside those of every measurement. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts `signet serve` and waits until it is ready. Its audit log goes to a file, as it would with a log collector. */
export async function startNode(
  folder: Folder,
  { cores, nodeArguments = [], environment }: NodeOptions,
): Promise<Child> {
  const listen = ['--listen', `127.0.0.1:${folder.port}`, '--management', `127.0.0.1:${folder.managementPort}`];
  const serve = [SIGNET, 'serve', '--config', join(folder.path, 'signet.yaml'), ...listen];
  const child = await startChild({
    name: 'node',
    command: 'taskset',
    // taskset becomes the program that it starts, so the child's process id is the node's.
    args: ['-c', cores, process.execPath, ...nodeArguments, ...serve],
    // All logins come from one address here, and many are under way at once.
    environment: {
      NODE_ENV: 'production',
      SIGNET_AUDIT_FILE: join(folder.path, 'audit.log'),
      SIGNET_SHUTDOWN_LEAD: '0',
      SIGNET_THROTTLE_ADDRESS_FAILURES: '1000',
      SIGNET_THROTTLE_ACCOUNT_FAILURES: '1000',
      ...environment,
    },
  });
  await waitUntil('the node is ready', 20_000, async () => {
    if (!child.alive()) throw new Error(`the node ended: ${child.lastLines().slice(-5).join('\n')}`);
    return answersOk(`http://127.0.0.1:${folder.managementPort}/readyz`);
  });
  return child;
}

export async function stopNode(child: Child): Promise<void> {
  await endAll([child], 10_000);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
