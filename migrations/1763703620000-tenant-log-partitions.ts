import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Last step: the log is partitioned by log_id, hence by time, and the table so far is its first partition, with all its rows and indexes. Nothing is
 * read or written anew. Partitions are named for the days that they begin with and end before, as eight digits each (docs/adr/0016-retention.md).
 */
export class TenantLogPartitions1763703620000 implements MigrationInterface {
  name = 'TenantLogPartitions1763703620000'

  async up(db: QueryRunner): Promise<void> {
    // Rows with a smaller log_id than the floor have left the log for good. New partitions hold so many days.
    await db.query(`
      create table tenant_log_retention (
        one boolean primary key default true check (one),
        floor text collate "C" not null default '',
        span_days integer not null default 3 check (span_days > 0)
      )`)
    await db.query(`insert into tenant_log_retention default values`)
    await db.query(`grant select, update on tenant_log_retention to evergrant_app`)

    const [{ bound }] = (await db.query(
      `select right(conname, 8) as bound from pg_constraint where conrelid = 'tenant_logs'::regclass and conname like 'tenant_logs_before_%'`,
    )) as [{ bound: string }]
    const first = `tenant_logs_00000000_${bound}`
    for (const { name } of (await db.query(
      `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'tenant_logs'::regclass`,
    )) as { name: string }[]) {
      await db.query(`alter index ${name} rename to ${name.replace('tenant_logs', first)}`)
    }
    await db.query(`alter table tenant_logs rename to ${first}`)
    await db.query(`create table tenant_logs (like ${first} including all excluding constraints) partition by range (log_id)`)
    await db.query(`alter table tenant_logs attach partition ${first} for values from (minvalue) to ('900${bound}')`)
    await db.query(`alter table ${first} drop constraint tenant_logs_before_${bound}`)
    await db.query(`grant select, insert, update, delete on tenant_logs to evergrant_app`)

    await db.query(PREPARE)
    await db.query(`revoke execute on function prepare_tenant_log_partition(regclass, date) from public`)
    await db.query(`grant execute on function prepare_tenant_log_partition(regclass, date) to evergrant_app`)
    const [{ empty }] = (await db.query(`select not exists (select from ${first}) as empty`)) as [{ empty: boolean }]
    if (!empty) return
    // A new installation needs no such partition.
    await db.query(`drop table ${first}`)
    await db.query(`select prepare_tenant_log_partition('tenant_logs', (now() at time zone 'UTC')::date)`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function prepare_tenant_log_partition(regclass, date)`)
    await db.query(`drop table tenant_log_retention`)
    await db.query(`alter table tenant_logs rename to tenant_logs_partitioned`)
    for (const { name } of (await db.query(
      `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'tenant_logs_partitioned'::regclass`,
    )) as { name: string }[]) {
      await db.query(`alter index ${name} rename to ${name.replace('tenant_logs', 'tenant_logs_partitioned')}`)
    }
    await db.query(`create table tenant_logs (like tenant_logs_partitioned including all)`)
    await db.query(`insert into tenant_logs select * from tenant_logs_partitioned`)
    await db.query(`drop table tenant_logs_partitioned`)
    await db.query(`grant select, insert, update, delete on tenant_logs to evergrant_app`)
    await db.query(`alter table tenant_logs add constraint tenant_logs_before_99991231 check (log_id < '90099991231')`)
  }
}

/**
 * Makes the partition that a day's rows go to, unless there is one; as far as the next one begins, if that is sooner than a span. Made apart and then
 * attached, so that readers and writers go on; one at a time. It runs as its owner: the service's own role may not create tables, and a `rebuild` has
 * the table in another schema meanwhile.
 */
const PREPARE = `
  create function prepare_tenant_log_partition(parent regclass, day date) returns void
  language plpgsql security definer set search_path from current as $$
  declare
    first text := to_char(day, 'YYYYMMDD');
    beyond text;
    schema text;
    part text;
  begin
    select n.nspname into schema from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent and c.relname = 'tenant_logs' and c.relkind = 'p';
    if schema is null then raise exception '% is not the log', parent using errcode = 'insufficient_privilege'; end if;
    execute format('lock table only %s in share update exclusive mode', parent);
    if exists (
      select from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = parent and left(right(c.relname, 17), 8) <= first and right(c.relname, 8) > first
    ) then return; end if;
    select least(to_char(day + (select span_days from tenant_log_retention), 'YYYYMMDD'), min(left(right(c.relname, 17), 8))) into beyond
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = parent and left(right(c.relname, 17), 8) > first;
    part := format('tenant_logs_%s_%s', first, beyond);
    execute format('create table %I.%I (like %s including all)', schema, part, parent);
    execute format('alter table %s attach partition %I.%I for values from (%L) to (%L)', parent, schema, part, '900' || first, '900' || beyond);
  end $$`
