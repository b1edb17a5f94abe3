import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Logins that wait for a browser which an Action sent elsewhere (src/authorization/post-login/suspended-logins.ts). */
export class SuspendedLogins1763703000000 implements MigrationInterface {
  name = 'SuspendedLogins1763703000000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table suspended_logins (
        state_hash bytea primary key,
        binding_hash bytea not null,
        session_id text collate "C" not null,
        sealed text not null,
        expires_at timestamptz not null
      )`)
    await db.query(`create index on suspended_logins (session_id, expires_at)`)
    await db.query(`create index on suspended_logins (expires_at)`)
    await db.query(`grant select, insert, update, delete on suspended_logins to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table suspended_logins`)
  }
}
