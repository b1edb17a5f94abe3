import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Configuration and people as current state. `document` is the folded state of the row's stream; the other columns are what must be
 * unique or found by, and secrets, which are in no event: encrypted under the root key, or hashed.
 */
export class Configuration1763700200000 implements MigrationInterface {
  name = 'Configuration1763700200000'

  async up(db: QueryRunner): Promise<void> {
    const times = `created_at timestamptz not null, updated_at timestamptz not null`
    await db.query(`
      create table tenant_settings (id text primary key check (id = 'tenant'), document jsonb not null, ${times})`)
    await db.query(`
      create table clients (
        client_id text collate "C" primary key,
        document jsonb not null,
        encrypted_secret text,
        ${times}
      )`)
    await db.query(`create unique index clients_one_global on clients ((true)) where document->'global' = 'true'`)
    await db.query(`
      create table resource_servers (
        id text collate "C" primary key,
        identifier text collate "C" not null unique,
        document jsonb not null,
        encrypted_signing_secret text,
        ${times}
      )`)
    await db.query(`
      create table client_grants (
        id text collate "C" primary key,
        client_id text collate "C" not null,
        audience text collate "C" not null,
        subject_type text not null,
        document jsonb not null,
        ${times},
        unique (client_id, audience, subject_type)
      )`)
    await db.query(`
      create table connections (
        id text collate "C" primary key,
        name text collate "C" not null unique,
        document jsonb not null,
        encrypted_secrets text,
        ${times}
      )`)
    // Personal values in the document are ciphertext; what a person is found by is a keyed hash (keys/lookup-key.ts).
    await db.query(`
      create table users (
        user_id text collate "C" primary key,
        connection_id text collate "C" not null,
        email_lookup bytea,
        username_lookup bytea,
        phone_lookup bytea,
        document jsonb not null,
        administrator boolean not null default false,
        password_hash text,
        ${times},
        unique (connection_id, email_lookup),
        unique (connection_id, username_lookup),
        unique (connection_id, phone_lookup)
      )`)
    await db.query(`create index on users (email_lookup)`)
    for (const table of ['clients', 'resource_servers', 'client_grants', 'connections', 'users']) {
      await db.query(`create index on ${table} (created_at)`)
    }

    await db.query(`create table data_keys (name text primary key, encrypted_key text not null, created_at timestamptz not null default now())`)
    // A hash of the ADMIN_EMAIL and ADMIN_PASSWORD that a start applied last.
    await db.query(`create table installation (id text primary key check (id = 'tenant'), administrator_hash text not null)`)

    await db.query(`
      grant select, insert, update, delete on tenant_settings, clients, resource_servers, client_grants, connections, users, installation to evergrant_app`)
    await db.query(`grant select, insert on data_keys to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('drop table installation, data_keys, users, connections, client_grants, resource_servers, clients, tenant_settings')
  }
}
