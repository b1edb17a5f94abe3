import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Grants for an API in the order of their list: whoever asks for those of a rarely used one does not read all. */
export class GrantsByAudience1763703630000 implements MigrationInterface {
  name = 'GrantsByAudience1763703630000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`create index on consents (audience, created_at, id) where audience is not null`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index consents_audience_created_at_id_idx`)
  }
}
