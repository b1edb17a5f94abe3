import type { MigrationInterface, QueryRunner } from 'typeorm'

/** APIs beside that of the login that a refresh token was exchanged for (spec/refresh-tokens.md §6.3): `[{"audience","scope"}]`. */
export class RefreshTokenResources1763701100000 implements MigrationInterface {
  name = 'RefreshTokenResources1763701100000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table refresh_tokens add column resources jsonb not null default '[]'`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table refresh_tokens drop column resources`)
  }
}
