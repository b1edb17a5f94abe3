import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Invitations to organizations that can be accepted, and those that were until they would be overdue. Rows outlive their organization for the
 * moment until its end has ended them too, each with its events (src/users/invitations.reactor.ts): so there is no foreign key.
 */
export class Invitations1763703720000 implements MigrationInterface {
  name = 'Invitations1763703720000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table organization_invitations (
        id text collate "C" primary key,
        organization_id text collate "C" not null,
        ticket_hash bytea not null unique,
        document jsonb not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        accepted_by text collate "C"
      )`)
    // For an organization's list, in its order.
    await db.query(`create index on organization_invitations (organization_id, created_at, id)`)
    await db.query(`create index on organization_invitations (expires_at)`)
    await db.query(`grant select, insert, update, delete on organization_invitations to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table organization_invitations`)
  }
}
