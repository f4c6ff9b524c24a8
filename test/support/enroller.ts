// Owns: giving people second factors in the database of a node that runs, with the node's own keys: an authenticator app, a
// security key in software, recovery codes. What a person would do at the pages is in the tests of those pages.
import { generateSync } from 'otplib';
import type { Config } from '../../src/config/config.ts';
import { type Account, type AccountId, isUnavailable } from '../../src/core/account.ts';
import type { Credential, CredentialSet, CredentialStore } from '../../src/core/credential.ts';
import { secretContext } from '../../src/core/secrets-at-rest.ts';
import { openDatabase } from '../../src/database/database.ts';
import { createSqlCredentials } from '../../src/directories/sql-credentials.ts';
import { encodeBase64url } from '../../src/lib/base64url.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { type FactorEnrolment, KEPT_FIELD } from '../../src/methods/factor-method.ts';
import { createRecoveryCodesEnrolment } from '../../src/methods/recovery-codes.ts';
import { createWebauthnEnrolment } from '../../src/methods/webauthn-enrol.ts';
import { userHandles, WEBAUTHN_FIELD, webauthnParty } from '../../src/methods/webauthn-party.ts';
import { openDataKeyringFile } from '../../src/sealer/data-key-file.ts';
import { createDataCipher } from '../../src/sealer/data-value.ts';
import { openStableSecret } from '../../src/sealer/stable-secret.ts';
import { SoftwareKey } from './software-authenticator.ts';

export interface App {
  readonly id: string;
  /** What it shows at a time, in seconds. */
  readonly codeAt: (now: number) => string;
}

export interface OwnedKey {
  readonly id: string;
  /** The posted answer to a question of a page: JSON for navigator.credentials.get. Each counts one further. */
  readonly answer: (question: string) => string;
}

export interface Enroller {
  readonly store: CredentialStore;
  readonly setOf: (accountId: AccountId) => Promise<CredentialSet>;
  readonly giveApp: (accountId: AccountId, lineage?: readonly string[]) => Promise<App>;
  readonly giveKey: (accountId: AccountId, now: number) => Promise<OwnedKey>;
  readonly giveRecoveryCodes: (accountId: AccountId, now: number) => Promise<readonly string[]>;
  readonly removeAll: (accountId: AccountId) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** On the database and the keys that a node's configuration names; its tables must be there. */
export function openEnroller(config: Config): Enroller {
  const { target, connectTimeout, statementTimeout } = config.database;
  const party = webauthnParty(config.publicUrl, config.serviceName);
  if (target === null || party === null) throw new Error('nobody can enrol anything at this node');
  const random = systemRandom();
  const clock = (): number => Math.floor(Date.now() / 1000);
  const database = openDatabase({
    ...{ target, connectTimeout, statementTimeout, poolSize: 1, ca: null, mayCreate: false },
    applicationName: 'signet test',
    onEvent: () => {},
  });
  const ring = openDataKeyringFile({
    path: config.dataKeyring.file,
    ...{ minSerial: 0, pollSeconds: 3600, clock, onEvent: () => {} },
  });
  const { current, reread } = ring;
  const cipher = createDataCipher({ ring: current, reread, clock, random, observe: () => {} });
  const userHandle = userHandles(openStableSecret(config.stableSecret.file).derive('webauthn-user'));
  const keys = createWebauthnEnrolment({ party, userHandle, roots: [], random });
  const recovery = createRecoveryCodesEnrolment(random);
  const store = createSqlCredentials(database);

  const setOf = async (accountId: AccountId): Promise<CredentialSet> => {
    const set = await store.list(accountId);
    if (isUnavailable(set)) throw new Error('the database is down');
    return set;
  };
  const add = async (
    accountId: AccountId,
    credential: Omit<Credential, 'lastUsedAt' | 'disabled'>,
    hashes: readonly string[] | null = null,
  ): Promise<void> => {
    const added = await store.add(accountId, credential, (await setOf(accountId)).version, hashes ?? []);
    if (added !== 'done') throw new Error(`not added: ${JSON.stringify(added)}`);
  };
  /** Both steps of an enrolment; `answer` is what a person does with what they are shown. */
  const enrol = async (
    enrolment: FactorEnrolment,
    accountId: AccountId,
    now: number,
    answer: (pending: Uint8Array) => Readonly<Record<string, string>>,
  ): Promise<{ readonly id: string; readonly pending: Uint8Array }> => {
    const account: Account = {
      id: accountId,
      loginName: accountId,
      disabled: false,
      attributes: new Map(),
      groups: [],
    };
    const subject = { account, enrolled: await setOf(accountId) };
    const context = { now, address: null, claimant: null, language: 'en' };
    const begun = await enrolment.begin(subject, new Map(), context);
    if (begun.kind !== 'ready') throw new Error(`not begun: ${begun.kind}`);
    const pending = { data: begun.pending, at: now };
    const form = new Map(Object.entries(answer(begun.pending)));
    const outcome = await enrolment.confirm(subject, form, pending, context);
    if (outcome.kind !== 'enrolled') throw new Error(`not enrolled: ${outcome.kind}`);
    await add(accountId, { ...outcome.credential, lineage: [] }, outcome.recoveryHashes);
    return { id: outcome.credential.id, pending: begun.pending };
  };

  return {
    store,
    setOf,
    giveApp: async (accountId, lineage = []) => {
      const id = encodeBase64url(random(9));
      const bytes = random(20);
      const secret = cipher.encrypt(secretContext(accountId, id, 'totp-secret'), bytes);
      await add(accountId, { id, label: '', createdAt: 1, lineage, data: { kind: 'totp', secret, lastStep: 0 } });
      return { id, codeAt: (now) => generateSync({ secret: bytes, epoch: now }) };
    },
    giveKey: async (accountId, now) => {
      const { id: rpId, origin } = party;
      const key = new SoftwareKey();
      let counter = 1;
      const { id } = await enrol(keys, accountId, now, (pending) => ({
        [WEBAUTHN_FIELD]: key.register({ rpId, origin, challenge: pending.subarray(10), counter }),
      }));
      return {
        id,
        answer: (question) => {
          counter += 1;
          const challenge = Buffer.from(
            (JSON.parse(question) as { readonly challenge: string }).challenge,
            'base64url',
          );
          return key.answer({ rpId, origin, challenge, counter, userHandle: userHandle(accountId) });
        },
      };
    },
    giveRecoveryCodes: async (accountId, now) => {
      const { pending } = await enrol(recovery, accountId, now, () => ({ [KEPT_FIELD]: '1' }));
      const nobody = { id: accountId, loginName: accountId, disabled: false, attributes: new Map(), groups: [] };
      const set = { account: nobody, enrolled: await setOf(accountId) };
      const page = await recovery.page(set, { data: pending, at: now });
      return page?.kind === 'recovery-codes' ? page.codes : [];
    },
    removeAll: async (accountId) => {
      for (const { id } of (await setOf(accountId)).credentials) {
        await store.remove(accountId, id, (await setOf(accountId)).version);
      }
    },
    close: async () => {
      ring.close();
      await database.close();
    },
  };
}
