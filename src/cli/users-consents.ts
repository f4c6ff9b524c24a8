// Owns: what an operator may see and take back of what somebody has agreed to, for whoever asks them to: in the database, with
// a line for the audit, or not at all. Leaves to web/account-consents.ts: people who do it themselves.
import { readConfig } from '../config/read-config.ts';
import type { AccountId } from '../core/account.ts';
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import { insertEvents } from '../state/sql-audit.ts';
import { createSqlConsents, withdrawConsent } from '../state/sql-consents.ts';
import { findAccount } from './find-account.ts';
import { CliFailure, type CliIo } from './io.ts';
import { type CommandDatabase, withDatabase } from './with-database.ts';

export interface ConsentOptions {
  readonly id?: true;
  readonly withdraw?: string;
  readonly withdrawAll?: true;
  readonly json?: true;
  readonly config: string;
}

interface Who {
  readonly id: AccountId;
  readonly loginName: string | null;
}

export async function consents(io: CliIo, name: string, options: ConsentOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  await withDatabase(config, io, async (opened) => {
    if (opened === null) throw new CliFailure('database.url is not set: nothing is kept of what people agree to');
    const { database, answered } = opened;
    const who: Who =
      options.id === true
        ? { id: name, loginName: null }
        : (await findAccount(io, config, name, { opened, among: config.directories })).account;
    const agreed = answered(await createSqlConsents(database).list(who.id));
    if (options.withdraw === undefined && options.withdrawAll !== true) {
      const shown = agreed.map(({ relyingParty, agreedAt }) => ({
        relyingParty,
        agreed: new Date(agreedAt * 1000).toISOString(),
      }));
      const lines = shown.map(({ relyingParty, agreed: at }) => `${relyingParty}\t${at}\n`);
      io.out(options.json === true ? `${JSON.stringify(shown, null, 2)}\n` : lines.join(''));
      return;
    }
    const keys = agreed.map(({ relyingParty }) => relyingParty);
    const chosen = options.withdraw === undefined ? keys : keys.filter((key) => key === options.withdraw);
    if (chosen.length === 0) {
      throw new CliFailure(`${name} has agreed to nothing${options.withdraw ? ` with '${options.withdraw}'` : ''}`);
    }
    const withdrawn = await withdrawAll(io, config.nodeName, opened, who, chosen);
    if (options.json === true) io.out(`${JSON.stringify({ withdrawn }, null, 2)}\n`);
    else for (const key of withdrawn) io.out(`${key}: taken back for ${name}; the next sign-in asks again\n`);
  });
}

/** All or none; each with its line of the audit, which is the only trace that is left. */
async function withdrawAll(
  io: CliIo,
  node: string,
  { database, answered }: CommandDatabase,
  { id, loginName }: Who,
  keys: readonly RelyingPartyKey[],
): Promise<readonly RelyingPartyKey[]> {
  const run = encodeBase64url(io.random(9));
  return answered(
    await database.transaction('consent-withdraw', async (queries) => {
      const gone: RelyingPartyKey[] = [];
      // One that was taken back by somebody else meanwhile is no doing of ours.
      for (const key of keys) if (await withdrawConsent(queries, id, key)) gone.push(key);
      if (gone.length === 0) return gone;
      const events = gone.map((relyingParty, i) => ({
        id: `${run}-${i + 1}`,
        at: io.clock(),
        action: 'consent' as const,
        outcome: 'success' as const,
        reason: 'withdrawn',
        sid: null,
        accountId: id,
        loginName,
        relyingParty,
        methods: [],
        assurance: null,
        address: null,
        userAgent: null,
        requestId: 'signet users consents',
      }));
      await insertEvents(queries, node, events);
      return gone;
    }),
  );
}
