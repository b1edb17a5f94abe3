import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Organizations, the connections and client grants that may be used for them, their members and what roles those have there. Whatever a row
 * refers to takes it along when it goes; ids of organizations are never used again.
 */
export class Organizations1763703200000 implements MigrationInterface {
  name = 'Organizations1763703200000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table organizations (
        id text collate "C" primary key,
        document jsonb not null,
        created_at timestamptz not null,
        updated_at timestamptz not null
      )`)
    await db.query(`create unique index organizations_name on organizations ((document->>'name'))`)
    await db.query(`create index on organizations (created_at, id)`)
    await db.query(`
      create table organization_connections (
        organization_id text collate "C" not null references organizations on delete cascade,
        connection_id text collate "C" not null references connections on delete cascade,
        document jsonb not null,
        created_at timestamptz not null,
        primary key (organization_id, connection_id)
      )`)
    await db.query(`create index on organization_connections (connection_id)`)
    await db.query(`
      create table organization_client_grants (
        organization_id text collate "C" not null references organizations on delete cascade,
        grant_id text collate "C" not null references client_grants on delete cascade,
        created_at timestamptz not null,
        primary key (organization_id, grant_id)
      )`)
    // For the list of a grant's organizations, in its order.
    await db.query(`create index on organization_client_grants (grant_id, created_at, organization_id)`)
    await db.query(`
      create table organization_members (
        organization_id text collate "C" not null references organizations on delete cascade,
        user_id text collate "C" not null references users (user_id) on delete cascade,
        created_at timestamptz not null,
        primary key (organization_id, user_id)
      )`)
    // For both lists, each in its order: an organization's members, a user's organizations.
    await db.query(`create index on organization_members (organization_id, created_at, user_id)`)
    await db.query(`create index on organization_members (user_id, created_at, organization_id)`)
    await db.query(`
      create table organization_member_roles (
        organization_id text collate "C" not null,
        user_id text collate "C" not null,
        role_id text collate "C" not null references roles on delete cascade,
        created_at timestamptz not null,
        primary key (organization_id, user_id, role_id),
        foreign key (organization_id, user_id) references organization_members on delete cascade
      )`)
    await db.query(`create index on organization_member_roles (role_id)`)
    for (const table of TABLES) await db.query(`grant select, insert, update, delete on ${table} to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await db.query(`drop table ${table}`)
  }
}

const TABLES = ['organizations', 'organization_connections', 'organization_client_grants', 'organization_members', 'organization_member_roles']
