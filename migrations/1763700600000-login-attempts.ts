import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Counters of password attempts (src/users/login/login-attempts.ts): of a few minutes' worth, and nothing that identifies anybody. */
export class LoginAttempts1763700600000 implements MigrationInterface {
  name = 'LoginAttempts1763700600000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table login_attempts (
        key bytea primary key,
        failures integer not null,
        ends_at timestamptz not null
      )`)
    await db.query(`create index on login_attempts (ends_at)`)
    await db.query(`grant select, insert, update, delete on login_attempts to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table login_attempts`)
  }
}
