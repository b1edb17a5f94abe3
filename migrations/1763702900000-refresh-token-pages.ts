import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Every exchange rewrites a row of the read model, in columns that no index is on. Where its page has room the indexes are left alone (HOT),
 * which is most of what the write costs. Pages that were filled before get room by `evergrant rebuild refresh_tokens`.
 */
export class RefreshTokenPages1763702900000 implements MigrationInterface {
  name = 'RefreshTokenPages1763702900000'

  async up(db: QueryRunner): Promise<void> {
    await db.query('alter table refresh_tokens set (fillfactor = 85)')
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('alter table refresh_tokens reset (fillfactor)')
  }
}
