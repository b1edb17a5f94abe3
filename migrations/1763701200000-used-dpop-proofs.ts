import type { MigrationInterface, QueryRunner } from 'typeorm'

/** DPoP proofs that were used: whoever inserts one first has used it. */
export class UsedDpopProofs1763701200000 implements MigrationInterface {
  name = 'UsedDpopProofs1763701200000'

  async up(db: QueryRunner): Promise<void> {
    // Rows come at the rate of requests and live for minutes, so what they leave is cleared early.
    await db.query(`
      create table used_dpop_proofs (
        hash bytea primary key,
        expires_at timestamptz not null
      ) with (autovacuum_vacuum_scale_factor = 0.05)`)
    await db.query(`create index on used_dpop_proofs (expires_at)`)
    await db.query(`grant select, insert, delete on used_dpop_proofs to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table used_dpop_proofs`)
  }
}
