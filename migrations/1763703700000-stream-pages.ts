import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Rows of streams have become shorter (docs/adr/0017-what-a-family-takes.md): room for one more version of a row in its page is enough to keep
 * updates there (HOT), since the next reader clears away the one before. Pages that are full already stay as they are.
 */
export class StreamPages1763703700000 implements MigrationInterface {
  name = 'StreamPages1763703700000'

  async up(db: QueryRunner): Promise<void> {
    for (let n = 0; n < 8; n++) await db.query(`alter table streams_${n} set (fillfactor = 85)`)
  }

  async down(db: QueryRunner): Promise<void> {
    for (let n = 0; n < 8; n++) await db.query(`alter table streams_${n} set (fillfactor = 70)`)
  }
}
