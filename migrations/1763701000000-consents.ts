import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What people let clients have (src/authorization/consent/); the Management API calls them grants. */
export class Consents1763701000000 implements MigrationInterface {
  name = 'Consents1763701000000'

  async up(db: QueryRunner): Promise<void> {
    // No audience: for logins without an API.
    await db.query(`
      create table consents (
        id text collate "C" primary key,
        user_id text collate "C" not null,
        client_id text collate "C" not null,
        audience text,
        scope jsonb not null,
        created_at timestamptz not null,
        updated_at timestamptz not null
      )`)
    await db.query(`create index on consents (user_id, created_at, id)`)
    await db.query(`create index on consents (client_id, created_at, id)`)
    await db.query(`create index on consents (created_at, id)`)
    await db.query(`grant select, insert, update, delete on consents to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table consents`)
  }
}
