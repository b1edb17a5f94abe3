import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Clients that are to be told of a session's end (src/authorization/back-channel-logout/). */
export class LogoutMessages1763701700000 implements MigrationInterface {
  name = 'LogoutMessages1763701700000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table logout_messages (
        session_id text collate "C" not null,
        client_id text collate "C" not null,
        user_id text not null,
        initiator text not null,
        metadata text,
        tries integer not null default 0,
        next_try_at timestamptz default now(),
        ended_at timestamptz,
        primary key (session_id, client_id)
      )`)
    await db.query(`create index on logout_messages (next_try_at) where next_try_at is not null`)
    await db.query(`create index on logout_messages (ended_at) where ended_at is not null`)
    await db.query(`grant select, insert, update, delete on logout_messages to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table logout_messages`)
  }
}
