import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Where the log is delivered to (src/management/log-streams/), and how far each delivery has come. */
export class LogStreams1763703300000 implements MigrationInterface {
  name = 'LogStreams1763703300000'

  async up(db: QueryRunner): Promise<void> {
    // secrets: encrypted under the root key, by name.
    await db.query(`
      create table log_streams (
        id text collate "C" primary key,
        document jsonb not null,
        secrets jsonb not null default '{}',
        created_at timestamptz not null,
        updated_at timestamptz not null
      )`)
    // cursor: the last log_id that was acknowledged, or one that never was, to begin after. blocked_by: the first one of a batch that failed.
    await db.query(`
      create table log_stream_deliveries (
        log_stream_id text collate "C" primary key references log_streams on delete cascade,
        cursor text collate "C" not null,
        failures integer not null default 0,
        failing_since timestamptz,
        blocked_by text,
        next_try_at timestamptz not null default now(),
        delivered bigint not null default 0,
        last_delivered_at timestamptz,
        errors jsonb not null default '[]'
      )`)
    await db.query(`grant select, insert, update, delete on log_streams, log_stream_deliveries to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table log_stream_deliveries, log_streams`)
  }
}
