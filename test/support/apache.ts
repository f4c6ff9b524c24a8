// Owns: Debian's Apache with one module for signing in, in a folder of its own, on a port of its own. Leaves to mellon.ts,
// auth-openidc.ts and auth-cas.ts: what the module is told. Debian's own Apache configuration is neither read nor started.
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersOk, type Child, endAll, startChild, waitUntil } from '../../scripts/processes.ts';

const APACHE = '/usr/sbin/apache2';
const ALWAYS = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'mime', 'dir', 'alias', 'headers'];

/** What must be installed for a module such as `auth_mellon`; for `requireTool`. */
export function apacheTools(module: string): readonly string[] {
  return [APACHE, moduleFile(module)];
}

export interface ApacheSettings {
  readonly port: number;
  /** `auth_mellon`, … */
  readonly module: string;
  /** Of the module, in the error log. */
  readonly logLevel: 'info' | 'debug' | 'warn';
  /** Pages by name, without `.html`; all are also under /open, where nobody is asked. One is called `index`. */
  readonly pages: Readonly<Record<string, string>>;
  /** Writes what the module wants to find in Apache's folder. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** The part of the configuration that is about the module. */
  readonly rules: (folder: string) => string;
}

export interface Apache {
  readonly baseUrl: string;
  /** The last lines of Apache's error log, for a failure's message. */
  readonly errorLog: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts Apache in the foreground, as www-data when this is root, and waits until it answers. */
export async function startApache(settings: ApacheSettings): Promise<Apache> {
  const { port, module, pages, prepare } = settings;
  const baseUrl = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), `signet-${module}-`));
  await mkdir(join(folder, 'htdocs'));
  for (const [name, text] of Object.entries(pages)) await writeFile(join(folder, 'htdocs', `${name}.html`), text);
  // Apache's children read here after they have become www-data.
  await chmod(folder, 0o755);
  await prepare?.(folder);
  await writeFile(join(folder, 'httpd.conf'), configuration(folder, settings));
  const args = ['-f', join(folder, 'httpd.conf'), '-D', 'FOREGROUND'];
  const child: Child = await startChild({ name: 'apache', command: APACHE, args });
  const errorLog = async () => (await readFile(join(folder, 'error.log'), 'utf8').catch(() => '')).slice(-3000);
  const close = async () => {
    await endAll([child], 3000);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitUntil('Apache', 10_000, async () => {
      if (!child.alive()) throw new Error(`Apache ended with ${await child.ended}`);
      return answersOk(`${baseUrl}/open/index.html`);
    });
  } catch (error) {
    const said = [...child.lastLines(), await errorLog()].join('\n');
    await close();
    throw new Error(`${String(error)}\n${said}`);
  }
  return { baseUrl, errorLog, close };
}

/** Lets Apache's children write here; where this is not root they are of the same user anyway. */
export async function ownedByApache(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((each) => each.startsWith('www-data:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('there is no user www-data');
  await chown(path, Number(uid), Number(gid));
  if ((await stat(path)).uid !== Number(uid)) throw new Error(`${path} is not www-data's`);
}

function moduleFile(module: string): string {
  return `/usr/lib/apache2/modules/mod_${module}.so`;
}

function configuration(folder: string, { port, module, logLevel, rules }: ApacheSettings): string {
  return `ServerRoot ${folder}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${folder}/httpd.pid
ErrorLog ${folder}/error.log
LogLevel warn ${module}:${logLevel}
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
StartServers 1
${[...ALWAYS, module].map((name) => `LoadModule ${name}_module ${moduleFile(name)}`).join('\n')}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
TypesConfig /etc/mime.types
DocumentRoot ${folder}/htdocs
Alias /open ${folder}/htdocs
${rules(folder)}`;
}
