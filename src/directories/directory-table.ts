// Owns: several directories as one, in order: whose a login name is, whose an id is, and never a guess between two.
// Leaves to the directories: answering; to methods/password.ts: checking the password where the account is.
//
// The order is one of trust: a directory is believed about a name or an id only when all before it have said that it is
// not theirs. So an earlier one that is down stops those behind it, and a later one that is down stops nobody before it.
import {
  type Account,
  type AccountId,
  type Directory,
  type DirectoryUnavailable,
  isUnavailable,
} from '../core/account.ts';
import type { Claim, PasswordDirectories, PasswordDirectory } from '../core/password-directory.ts';

/** Two directories have the same name, or the same id, for somebody. Nobody gets in by it. */
export interface DirectoryConflict {
  readonly of: 'login-name' | 'id';
  /** Ids of the accounts, by the directory's name. Never what was typed: people type passwords there. */
  readonly accounts: readonly { readonly directory: string; readonly id: AccountId }[];
}

export interface DirectoryTable extends PasswordDirectories, Directory {}

type Answer = Account | null | DirectoryUnavailable;

/** `onConflict` is told at every attempt that meets one. */
export function createDirectoryTable(
  members: readonly PasswordDirectory[],
  onConflict: (conflict: DirectoryConflict) => void,
): DirectoryTable {
  /** The first that has it, when all before it say that they have not. */
  const firstOf = async (ask: (directory: PasswordDirectory) => Promise<Answer>): Promise<Answer> => {
    for (const directory of members) {
      const answer = await ask(directory);
      if (answer !== null) return answer;
    }
    return null;
  };

  /** An earlier directory's id is not for a later one to give away: the session would become somebody else's. */
  const idTaken = async (claimed: Claimed): Promise<Claim> => {
    for (const directory of members.slice(0, members.indexOf(claimed.directory))) {
      const other = await directory.findById(claimed.account.id);
      if (isUnavailable(other)) return { kind: 'unavailable', because: 'directory' };
      if (other !== null) {
        onConflict({ of: 'id', accounts: [{ directory: directory.name, id: other.id }, named(claimed)] });
        return { kind: 'unavailable', because: 'ambiguous-name' };
      }
    }
    return claimed;
  };

  const claim = async (loginName: string): Promise<Claim> => {
    const answers = await Promise.all(
      members.map(async (directory) => ({ directory, answer: await directory.findByLoginName(loginName) })),
    );
    const claims: Claimed[] = [];
    for (const { directory, answer } of answers) {
      if (isUnavailable(answer)) {
        if (claims.length === 0) return { kind: 'unavailable', because: 'directory' };
      } else if (answer !== null) claims.push({ kind: 'claimed', account: answer, directory });
    }
    const [first, second] = claims;
    if (first === undefined) return { kind: 'unclaimed' };
    if (second === undefined) return idTaken(first);
    onConflict({ of: 'login-name', accounts: claims.map(named) });
    return { kind: 'unavailable', because: 'ambiguous-name' };
  };

  return {
    members,
    claim,
    findByLoginName: async (loginName) => {
      const claimed = await claim(loginName);
      if (claimed.kind === 'unavailable') return { unavailable: true };
      return claimed.kind === 'claimed' ? claimed.account : null;
    },
    findById: (id, how) => firstOf((directory) => directory.findById(id, how)),
  };
}

type Claimed = Extract<Claim, { readonly kind: 'claimed' }>;

function named({ account, directory }: Claimed): { readonly directory: string; readonly id: AccountId } {
  return { directory: directory.name, id: account.id };
}
