import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Streams, events, seals and what reads them: docs/adr/0001-event-store.md. */
export class EventStore1763700000000 implements MigrationInterface {
  name = 'EventStore1763700000000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create function refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception '% is insert-only: % refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
      end $$`)

    // Only the primary key is indexed and pages keep room, so that every update stays in its page (HOT).
    await db.query(`
      create table streams (
        id text collate "C" primary key,
        type text not null,
        version integer not null check (version > 0),
        head_hash bytea not null,
        state jsonb not null,
        state_version smallint not null,
        last_at timestamptz not null
      ) partition by hash (id)`)
    for (let n = 0; n < 8; n++) {
      await db.query(`create table streams_${n} partition of streams for values with (modulus 8, remainder ${n}) with (fillfactor = 70)`)
    }

    await db.query(`create sequence event_sequence as bigint`)
    // json, not jsonb: it keeps the exact text that the hash was taken over.
    await db.query(`
      create table events (
        stream_id text collate "C" not null,
        version integer not null check (version > 0),
        type text not null,
        schema_version smallint not null,
        data json not null,
        metadata json not null,
        hash bytea not null,
        occurred_at timestamptz not null,
        epoch smallint not null default 1,
        xid xid8 not null default pg_current_xact_id(),
        sequence bigint not null default nextval('event_sequence'),
        primary key (stream_id, version, occurred_at)
      ) partition by range (occurred_at)`)
    await db.query(`create index on events (epoch, xid, sequence)`)
    await db.query(`create trigger events_insert_only before update or delete on events for each row execute function refuse_change()`)
    await db.query(`create trigger events_no_truncate before truncate on events for each statement execute function refuse_change()`)
    // Catches what no month covers, so that a clock ahead of its partitions never refuses a command.
    await db.query(`create table events_default partition of events default`)
    await db.query(`create trigger events_no_truncate before truncate on events_default for each statement execute function refuse_change()`)

    // Runs as its owner: the service's own role may not create tables.
    await db.query(`
      create function create_event_partition(month date) returns void
      language plpgsql security definer set search_path from current as $$
      declare
        first date := date_trunc('month', month);
        part text := 'events_' || to_char(first, 'YYYY_MM');
      begin
        if to_regclass(part) is not null then return; end if;
        execute format('create table %I partition of events for values from (%L) to (%L)',
                       part, first::timestamp at time zone 'UTC', (first + interval '1 month')::timestamp at time zone 'UTC');
        execute format('create trigger events_no_truncate before truncate on %I for each statement execute function refuse_change()', part);
      end $$`)
    await db.query(`revoke execute on function create_event_partition(date) from public`)

    await db.query(`
      create table seals (
        number bigint primary key check (number > 0),
        first_position bigint not null unique,
        last_position bigint not null unique check (last_position >= first_position),
        epoch smallint not null,
        xid xid8 not null,
        sequence bigint not null,
        leaves bytea not null,
        merkle_root bytea not null,
        previous_hash bytea not null,
        sealed_at timestamptz not null,
        hash bytea not null,
        key_id text not null,
        signature bytea not null,
        unique (epoch, xid, sequence)
      )`)
    await db.query(`alter table seals alter column leaves set storage external`)
    await db.query(`create trigger seals_insert_only before update or delete on seals for each row execute function refuse_change()`)
    await db.query(`create trigger seals_no_truncate before truncate on seals for each statement execute function refuse_change()`)

    await db.query(`
      create table epochs (
        epoch smallint primary key,
        system_identifier text not null,
        started_at timestamptz not null default now()
      )`)
    await db.query(`
      create table checkpoints (
        name text primary key,
        position bigint not null default 0,
        epoch smallint not null default 0,
        xid xid8 not null default '0',
        sequence bigint not null default 0,
        moved_at timestamptz not null default now()
      )`)
    await db.query(`
      create table failed_events (
        projection text not null,
        position bigint not null,
        stream_id text not null,
        version integer not null,
        type text not null,
        error text not null,
        failed_at timestamptz not null default now(),
        primary key (projection, position)
      )`)
    await db.query(`create table leases (name text primary key, holder text not null, expires_at timestamptz not null)`)
    await db.query(`
      create table log_keys (
        id text primary key,
        public_key bytea not null,
        encrypted_private_key text not null,
        created_at timestamptz not null default now()
      )`)
    await db.query(`
      create table person_keys (
        id uuid primary key default gen_random_uuid(),
        person_id text collate "C" not null unique,
        encrypted_key text not null,
        created_at timestamptz not null default now()
      )`)

    await db.query(`grant select, insert, update on streams to evergrant_app`)
    await db.query(`grant select, insert on events, seals, log_keys to evergrant_app`)
    await db.query(`grant usage on sequence event_sequence to evergrant_app`)
    await db.query(`grant execute on function create_event_partition(date) to evergrant_app`)
    await db.query(`grant select on epochs to evergrant_app`)
    await db.query(`grant select, insert, update, delete on checkpoints, failed_events, leases, person_keys to evergrant_app`)
  }

  /** The log is never deleted by a migration: to start afresh, use another database. */
  down(): Promise<void> {
    return Promise.reject(new Error('the event store cannot be migrated down'))
  }
}
