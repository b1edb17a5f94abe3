import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Public keys of clients, the assertions made with them, and the origins that browsers may call from. */
export class ClientAuthentication1763700400000 implements MigrationInterface {
  name = 'ClientAuthentication1763700400000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table clients add column credentials jsonb not null default '[]'`)

    // An assertion counts once until it expires (RFC 7523 §3): whoever inserts its id first has used it.
    await db.query(`
      create table used_assertions (
        client_id text collate "C" not null,
        jti text collate "C" not null,
        expires_at timestamptz not null,
        primary key (client_id, jti)
      )`)
    await db.query(`create index on used_assertions (expires_at)`)

    // The origins of a client's callbacks and its allowed_origins: what a preflight, which names no client, is answered by.
    await db.query(`
      create function client_origins(document jsonb) returns text[] language sql immutable parallel safe as $$
        select coalesce(array_agg(distinct lower(origin)), '{}') from (
          select substring(url #>> '{}' from '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+') as origin
          from jsonb_path_query(document, 'lax $.keyvalue() ? (@.key == "callbacks" || @.key == "allowed_origins").value[*] ? (@.type() == "string")') as url
        ) as found where origin is not null
      $$`)
    await db.query(`create index clients_origins on clients using gin (client_origins(document))`)

    await db.query(`grant select, insert, update, delete on used_assertions to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index clients_origins`)
    await db.query(`drop function client_origins(jsonb)`)
    await db.query(`drop table used_assertions`)
    await db.query(`alter table clients drop column credentials`)
  }
}
