// Owns: the table of what people have agreed to. docs/database.md says what each column means.
import type { Queries } from './database.ts';

export async function consents({ schema }: Queries): Promise<void> {
  await schema
    .createTable('consents')
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('rp_key', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('agreed_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('consents_pk', ['account_id', 'rp_key', 'digest'])
    .execute();
}
