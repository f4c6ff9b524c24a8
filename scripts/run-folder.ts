// Owns: the folder of `make run`: made once, recognised afterwards, refused when it is not what it should be.
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { newSigningKey } from '../src/cli/signing-certificate.ts';
import { settingsFileName } from '../src/parties/party-file.ts';
import { makeKeyAndCertificate } from './key-and-certificate.ts';
import { makeFolder, type Person } from './local-cluster.ts';
import { type SpIdentity, spMetadata } from './saml-sp.ts';

export interface RunPorts {
  readonly public: number;
  readonly nodes: readonly number[];
  readonly management: readonly number[];
  readonly sps: readonly number[];
}

export interface RunFolder {
  readonly folder: string;
  readonly idpFolder: string;
  /** localhost and 127.0.0.1 are two sites: browsers treat the SP as a stranger, as in real life. */
  readonly publicUrl: string;
  readonly people: readonly Person[];
  readonly sps: readonly SpIdentity[];
}

/** Raised when a folder of an older run cannot be used any more. */
const FORMAT = 1;

interface Made {
  readonly format: number;
  readonly publicUrl: string;
  readonly people: readonly Person[];
  readonly sps: readonly SpIdentity[];
}

/** Answers the folder, making it when there is none; throws with what to do when it is half-made or of other ports. */
export async function readOrMakeRunFolder(folder: string, ports: RunPorts): Promise<RunFolder> {
  const publicUrl = `http://localhost:${ports.public}`;
  const idpFolder = join(folder, 'idp');
  const madeFile = join(folder, 'made.json');
  if (!existsSync(folder)) {
    const made = await makeRunFolder(folder, idpFolder, publicUrl, ports);
    // Written last: where it is missing, the folder was not finished.
    await writeFile(madeFile, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    return { folder, idpFolder, ...made };
  }
  const remove = `Remove it and try again: rm -r ${folder}`;
  if (!existsSync(madeFile)) throw new Error(`${folder} is there, but it was never finished. ${remove}`);
  const made = readMade(await readFile(madeFile, 'utf8'));
  if (made === null) throw new Error(`${folder} was made by another version of this script. ${remove}`);
  if (made.publicUrl !== publicUrl) {
    throw new Error(`${folder} was made for ${made.publicUrl}, not for ${publicUrl}. ${remove}`);
  }
  return { folder, idpFolder, ...made };
}

function readMade(text: string): Made | null {
  try {
    const value = JSON.parse(text) as Made;
    return value.format === FORMAT ? value : null;
  } catch {
    return null;
  }
}

async function makeRunFolder(folder: string, idpFolder: string, publicUrl: string, ports: RunPorts): Promise<Made> {
  console.log(`Making ${folder} …`);
  await mkdir(folder, { mode: 0o700 });
  const sps = await Promise.all(
    ['Wiki', 'Library'].map(async (title, index): Promise<SpIdentity> => {
      const baseUrl = `http://127.0.0.1:${ports.sps[index]}`;
      return { baseUrl, title, keys: await makeKeyAndCertificate(baseUrl, newSigningKey) };
    }),
  );
  const people: readonly Person[] = [
    {
      name: 'alice',
      password: demoPassword(),
      attributes: [
        ...['displayName=Alice Example', 'givenName=Alice', 'sn=Example', 'mail=alice@example.org'],
        ...['eduPersonPrincipalName=alice@example.org', 'eduPersonScopedAffiliation=staff@example.org'],
      ],
    },
    {
      name: 'bob',
      password: demoPassword(),
      attributes: [
        ...[
          'displayName=Bob Example',
          'givenName=Bob',
          'sn=Example',
          'mail=bob@example.org',
          'mail=b.example@example.org',
        ],
        ...['eduPersonPrincipalName=bob@example.org', 'eduPersonScopedAffiliation=student@example.org'],
      ],
    },
  ];
  await makeFolder({ folder: idpFolder, publicUrl, people, parties: sps.map(spMetadata), environment: {} });
  await putOnPortal(join(idpFolder, 'parties'), sps);
  return { format: FORMAT, publicUrl, people, sps };
}

/** Settings beside the metadata (docs/parties.md): every demo SP may be opened from the page at `/`. */
async function putOnPortal(parties: string, sps: readonly SpIdentity[]): Promise<void> {
  for (const file of (await readdir(parties)).filter((name) => name.endsWith('.xml'))) {
    const metadata = await readFile(join(parties, file), 'utf8');
    const sp = sps.find(({ baseUrl }) => metadata.includes(`${baseUrl}/`));
    if (sp === undefined) throw new Error(`${file} is the metadata of no demo application`);
    const settings = `displayName: ${sp.title}\nidpInitiated:\n  allowed: true\n`;
    await writeFile(join(parties, settingsFileName(file)), settings);
  }
}

const CONSONANTS = 'bdfgklmnprstvz';
const VOWELS = 'aeiou';

/** Twelve letters in three pronounceable groups, 36 bits: it guards a trial on loopback, behind the throttle. */
function demoPassword(): string {
  const syllable = () => `${CONSONANTS[randomInt(CONSONANTS.length)]}${VOWELS[randomInt(VOWELS.length)]}`;
  return Array.from({ length: 3 }, () => syllable() + syllable()).join('-');
}

/** Those of the ports that somebody else listens on. */
export async function portsInUse(ports: readonly number[]): Promise<readonly number[]> {
  const answers = await Promise.all(ports.map(async (port) => ((await isFree(port)) ? [] : [port])));
  return answers.flat();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
