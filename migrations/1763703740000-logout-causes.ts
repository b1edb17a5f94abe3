import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What ended the session, for the log's rows about who was told of it (src/authorization/back-channel-logout/). */
export class LogoutCauses1763703740000 implements MigrationInterface {
  name = 'LogoutCauses1763703740000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table logout_messages add column cause jsonb`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table logout_messages drop column cause`)
  }
}
