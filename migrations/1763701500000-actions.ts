import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Actions, their versions, what is bound to which trigger, and what came of executions. `document` is the folded state of the row's stream.
 * Code, bundles and secrets stand here alone: events name them by hash and by name.
 */
export class Actions1763701500000 implements MigrationInterface {
  name = 'Actions1763701500000'

  async up(db: QueryRunner): Promise<void> {
    const times = `created_at timestamptz not null, updated_at timestamptz not null`
    // Dependencies of Actions as one text, under its SHA-256.
    await db.query(`create table action_bundles (hash text collate "C" primary key, code text not null)`)
    await db.query(`
      create table actions (
        id text collate "C" primary key,
        name text collate "C" not null unique,
        trigger_id text collate "C" not null,
        document jsonb not null,
        code text not null,
        bundle text collate "C" references action_bundles (hash),
        encrypted_secrets jsonb not null,
        ${times}
      )`)
    await db.query(`create index on actions (created_at)`)
    await db.query(`create index on actions (bundle)`)
    await db.query(`
      create table action_versions (
        id text collate "C" primary key,
        action_id text collate "C" not null references actions (id) on delete cascade,
        number integer not null,
        document jsonb not null,
        code text not null,
        bundle text collate "C" references action_bundles (hash),
        encrypted_secrets jsonb not null,
        ${times},
        unique (action_id, number)
      )`)
    await db.query(`create index on action_versions (bundle)`)
    await db.query(`
      create table trigger_bindings (
        id text collate "C" primary key,
        trigger_id text collate "C" not null,
        place integer not null,
        action_id text collate "C" not null references actions (id),
        display_name text not null,
        ${times},
        unique (trigger_id, place),
        unique (trigger_id, action_id)
      )`)
    await db.query(`create index on trigger_bindings (action_id)`)
    // Not a fold of anything: kept for ten days. What Actions wrote is sealed.
    await db.query(`
      create table action_executions (
        id text collate "C" primary key,
        trigger_id text not null,
        status text not null,
        results jsonb not null,
        ${times}
      )`)
    await db.query(`create index on action_executions (created_at)`)
    await db.query(`grant select, insert, update, delete on action_bundles, actions, action_versions, trigger_bindings, action_executions to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('drop table action_executions, trigger_bindings, action_versions, actions, action_bundles')
  }
}
