import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The read model of active refresh tokens (src/tokens/refresh-token/refresh-tokens.projection.ts). */
export class RefreshTokens1763700300000 implements MigrationInterface {
  name = 'RefreshTokens1763700300000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table refresh_tokens (
        id text collate "C" primary key,
        user_id text collate "C" not null,
        client_id text collate "C" not null,
        session_id text collate "C",
        audience text,
        scope jsonb not null,
        rotating boolean not null,
        created_at timestamptz not null,
        expires_at timestamptz,
        idle_expires_at timestamptz,
        last_exchanged_at timestamptz,
        initial_origin text,
        last_origin text,
        metadata text,
        position bigint not null
      )`)
    await db.query(`create index on refresh_tokens (user_id, id)`)
    await db.query(`create index on refresh_tokens (user_id, client_id, created_at, id)`)
    await db.query(`grant select, insert, update, delete on refresh_tokens to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table refresh_tokens`)
  }
}
