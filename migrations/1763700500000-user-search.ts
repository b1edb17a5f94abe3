import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * What people are searched by: keyed hashes of all their values (keys/lookup-key.ts), so that an exact search needs no clear text. What only
 * a login changes is a read model of its own (src/sessions/session/user-logins.projection.ts), since logins must not wait for one another.
 */
export class UserSearch1763700500000 implements MigrationInterface {
  name = 'UserSearch1763700500000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table users add column search_lookups bytea[] not null default '{}', add column password_changed_at timestamptz`)
    await db.query(`create index on users using gin (search_lookups)`)
    await db.query(`create index on users (created_at, user_id)`)
    await db.query(`
      create table user_logins (
        user_id text collate "C" primary key,
        logins_count integer not null,
        last_login timestamptz not null,
        last_origin text
      )`)
    // A realm names one connection.
    await db.query(`
      create table connection_realms (
        realm text collate "C" primary key,
        connection_id text collate "C" not null references connections on delete cascade
      )`)
    await db.query(`create index on connection_realms (connection_id)`)
    await db.query(`
      insert into connection_realms (realm, connection_id)
      select realm, min(id) from connections, jsonb_array_elements_text(document->'realms') as realm group by realm`)
    await db.query(`grant select, insert, update, delete on user_logins, connection_realms to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table connection_realms, user_logins`)
    await db.query(`alter table users drop column search_lookups, drop column password_changed_at`)
  }
}
