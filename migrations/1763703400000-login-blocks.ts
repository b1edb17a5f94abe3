import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The account of each counter of password attempts, as a keyed hash: operators ask for what is closed, and open it, whatever address it was closed to. */
export class LoginBlocks1763703400000 implements MigrationInterface {
  name = 'LoginBlocks1763703400000'

  async up(db: QueryRunner): Promise<void> {
    // Counters of before have none and end within a quarter of an hour.
    await db.query(`alter table login_attempts add column account bytea`)
    await db.query(`create index on login_attempts (account)`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table login_attempts drop column account`)
  }
}
