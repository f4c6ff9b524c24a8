// Owns: migration 1. Never to be changed again: docs/database.md describes what it makes.
import type { CreateTableBuilder } from 'kysely';
import type { Queries } from './database.ts';

type ColumnType = 'text' | 'bigint' | 'smallint';
/** A type, with `?` when the column may be null. */
type Columns = Readonly<Record<string, ColumnType | `${ColumnType}?`>>;

/** The tables of people, what they have enrolled, and all that a cluster has to remember in common. */
export async function firstTables({ schema }: Queries): Promise<void> {
  await table('users', {
    id: 'text',
    login_name: 'text',
    login_key: 'text',
    password_hash: 'text?',
    password_cost: 'text?',
    disabled: 'smallint',
    attributes: 'text',
    created_at: 'bigint',
    updated_at: 'bigint',
  })
    .addPrimaryKeyConstraint('users_pk', ['id'])
    .addUniqueConstraint('users_login_key', ['login_key'])
    .execute();

  await table('user_groups', { account_id: 'text', group_name: 'text' })
    .addPrimaryKeyConstraint('user_groups_pk', ['account_id', 'group_name'])
    .addForeignKeyConstraint('user_groups_user', ['account_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute();

  // No foreign key to users: people of every directory enrol here.
  await table('credential_sets', { account_id: 'text', version: 'bigint' })
    .addPrimaryKeyConstraint('credential_sets_pk', ['account_id'])
    .execute();

  await table('credentials', {
    account_id: 'text',
    id: 'text',
    kind: 'text',
    label: 'text',
    created_at: 'bigint',
    last_used_at: 'bigint?',
    disabled: 'smallint',
    lineage: 'text',
    secret: 'text?',
    last_step: 'bigint?',
    webauthn_id: 'text?',
    counter: 'bigint?',
    details: 'text?',
    destination: 'text?',
    used_by: 'text?',
  })
    .addPrimaryKeyConstraint('credentials_pk', ['account_id', 'id'])
    .addUniqueConstraint('credentials_webauthn_id', ['webauthn_id'])
    .execute();

  await table('recovery_codes', {
    account_id: 'text',
    credential_id: 'text',
    hash: 'text',
    used_at: 'bigint?',
    used_by: 'text?',
  })
    .addPrimaryKeyConstraint('recovery_codes_pk', ['account_id', 'credential_id', 'hash'])
    .addForeignKeyConstraint(
      'recovery_codes_credential',
      ['account_id', 'credential_id'],
      'credentials',
      ['account_id', 'id'],
      (key) => key.onDelete('cascade'),
    )
    .execute();

  await table('one_time_codes', {
    account_id: 'text',
    purpose: 'text',
    hash: 'text',
    destination: 'text',
    expires_at: 'bigint',
    used_at: 'bigint?',
    used_by: 'text?',
  })
    .addPrimaryKeyConstraint('one_time_codes_pk', ['account_id', 'purpose'])
    .execute();
  await table('code_sends', { subject: 'text', sent_at: 'bigint' }).execute();
  await index('code_sends_subject', 'code_sends', 'subject');

  await table('spent', { kind: 'text', id: 'text', spent_at: 'bigint', expires_at: 'bigint', used_by: 'text?' })
    .addPrimaryKeyConstraint('spent_pk', ['kind', 'id'])
    .execute();
  await index('spent_expires_at', 'spent', 'expires_at');

  await table('attempts', {
    account_id: 'text',
    method: 'text',
    detail: 'text',
    failures: 'bigint',
    in_a_row: 'bigint',
    failed_at: 'bigint',
    previous_failed_at: 'bigint',
  })
    .addPrimaryKeyConstraint('attempts_pk', ['account_id', 'method', 'detail'])
    .execute();
  await index('attempts_failed_at', 'attempts', 'failed_at');

  await table('revocations', {
    kind: 'text',
    subject: 'text',
    not_before: 'bigint',
    expires_at: 'bigint',
    recorded_at: 'bigint',
  })
    .addPrimaryKeyConstraint('revocations_pk', ['kind', 'subject'])
    .execute();
  await index('revocations_recorded_at', 'revocations', 'recorded_at');

  await table('sessions', {
    sid: 'text',
    account_id: 'text',
    created_at: 'bigint',
    expires_at: 'bigint',
    ended_at: 'bigint?',
    methods: 'text',
    address: 'text?',
    user_agent: 'text?',
  })
    .addPrimaryKeyConstraint('sessions_pk', ['sid'])
    .execute();
  await index('sessions_account_id', 'sessions', 'account_id');
  await index('sessions_expires_at', 'sessions', 'expires_at');

  await table('audit', {
    id: 'text',
    at: 'bigint',
    node: 'text',
    action: 'text',
    outcome: 'text',
    reason: 'text?',
    account_id: 'text?',
    sid: 'text?',
    relying_party: 'text?',
    methods: 'text',
    address: 'text?',
    user_agent: 'text?',
    request_id: 'text',
  })
    .addPrimaryKeyConstraint('audit_pk', ['id'])
    .execute();
  await index('audit_account_id', 'audit', 'account_id');
  await index('audit_at', 'audit', 'at');

  await table('meta', { name: 'text', value: 'text' }).addPrimaryKeyConstraint('meta_pk', ['name']).execute();

  function table(name: string, columns: Columns): CreateTableBuilder<string, string> {
    return Object.entries(columns).reduce<CreateTableBuilder<string, string>>(
      (builder, [column, type]) => {
        const nullable = type.endsWith('?');
        const plain = (nullable ? type.slice(0, -1) : type) as ColumnType;
        return builder.addColumn(column, plain, (made) => (nullable ? made : made.notNull()));
      },
      schema.createTable(name) as CreateTableBuilder<string, string>,
    );
  }

  async function index(name: string, of: string, column: string): Promise<void> {
    await schema.createIndex(name).on(of).column(column).execute();
  }
}
