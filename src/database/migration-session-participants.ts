// Owns: the table of who received something in which session. Never to be changed again: docs/database.md describes it.
import type { Queries } from './database.ts';

/** No foreign key: a session's own row may come later, or not at all. */
export async function sessionParticipants({ schema }: Queries): Promise<void> {
  await schema
    .createTable('session_participants')
    .addColumn('sid', 'text', (column) => column.notNull())
    .addColumn('relying_party', 'text', (column) => column.notNull())
    .addColumn('joined_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('session_participants_pk', ['sid', 'relying_party'])
    .execute();
  await schema.createIndex('session_participants_expires_at').on('session_participants').column('expires_at').execute();
}
