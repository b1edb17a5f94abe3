import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The read model of active sessions (src/sessions/session/sessions.projection.ts), and when a user's logins so far stopped to count. */
export class Sessions1763701600000 implements MigrationInterface {
  name = 'Sessions1763701600000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table users add column logins_ended_at timestamptz`)
    await db.query(`
      create table sessions (
        id text collate "C" primary key,
        user_id text collate "C" not null,
        ends_at timestamptz not null,
        state jsonb not null,
        position bigint not null
      )`)
    await db.query(`create index on sessions (user_id, id)`)
    await db.query(`create index on sessions (ends_at)`)
    await db.query(`grant select, insert, update, delete on sessions to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table sessions`)
    await db.query(`alter table users drop column logins_ended_at`)
  }
}
