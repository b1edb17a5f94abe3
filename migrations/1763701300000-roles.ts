import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Roles, what they permit, who has them, and what users are permitted themselves. A permission names the API by its id, which is never used
 * again: an API that is made anew under a former identifier inherits nothing. Users take their rows with them when they go, as roles do.
 */
export class Roles1763701300000 implements MigrationInterface {
  name = 'Roles1763701300000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table roles (
        id text collate "C" primary key,
        document jsonb not null,
        created_at timestamptz not null,
        updated_at timestamptz not null
      )`)
    await db.query(`create unique index roles_name on roles ((document->>'name'))`)
    await db.query(`create index on roles (created_at, id)`)
    await db.query(`
      create table role_permissions (
        role_id text collate "C" not null references roles on delete cascade,
        resource_server_id text collate "C" not null,
        permission_name text not null,
        created_at timestamptz not null,
        primary key (role_id, resource_server_id, permission_name)
      )`)
    await db.query(`
      create table user_roles (
        user_id text collate "C" not null references users (user_id) on delete cascade,
        role_id text collate "C" not null references roles on delete cascade,
        created_at timestamptz not null,
        primary key (user_id, role_id)
      )`)
    // For the list of a role's users, in its order.
    await db.query(`create index on user_roles (role_id, created_at, user_id)`)
    await db.query(`
      create table user_permissions (
        user_id text collate "C" not null references users (user_id) on delete cascade,
        resource_server_id text collate "C" not null,
        permission_name text not null,
        created_at timestamptz not null,
        primary key (user_id, resource_server_id, permission_name)
      )`)
    for (const table of ['roles', 'role_permissions', 'user_roles', 'user_permissions']) {
      await db.query(`grant select, insert, update, delete on ${table} to evergrant_app`)
    }
  }

  async down(db: QueryRunner): Promise<void> {
    for (const table of ['user_permissions', 'user_roles', 'role_permissions', 'roles']) await db.query(`drop table ${table}`)
  }
}
