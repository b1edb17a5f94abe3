import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The keys that sign tokens; who made and changed them is in the stream signing_keys-tenant. */
export class SigningKeys1763700100000 implements MigrationInterface {
  name = 'SigningKeys1763700100000'

  async up(db: QueryRunner): Promise<void> {
    // The private half is there as long as the key may come to sign: a former key only verifies.
    await db.query(`
      create table signing_keys (
        kid text primary key,
        alg text not null,
        public_key jsonb not null,
        encrypted_private_key text,
        status text not null check (status in ('next', 'current', 'previous', 'revoked')),
        created_at timestamptz not null,
        current_since timestamptz,
        current_until timestamptz,
        revoked_at timestamptz,
        check (encrypted_private_key is not null or status in ('previous', 'revoked'))
      )`)
    await db.query(`create unique index signing_keys_one_in_each_role on signing_keys (alg, status) where status in ('next', 'current')`)
    await db.query(`grant select, insert, update on signing_keys to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('drop table signing_keys')
  }
}
