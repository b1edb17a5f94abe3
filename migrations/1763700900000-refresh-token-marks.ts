import type { MigrationInterface, QueryRunner } from 'typeorm'

/** An id with its length before it, so that what follows cannot be taken for a part of it, or its hash, since an index takes no text of any length. */
const part = (id: string): string =>
  `case when octet_length(${id}) > 100 then '#' || encode(sha256(convert_to(${id}, 'UTF8')), 'hex') else octet_length(${id}) || ':' || ${id} end`
/** As in src/tokens/refresh-token/mark-key.ts. */
const key = (kind: string, ...parts: string[]): string => [`'${kind}:'`, ...parts.map((sql) => `(${sql})`)].join(' || ')

/** Ending many refresh tokens with one write: docs/adr/0004-ending-many-refresh-tokens.md. */
export class RefreshTokenMarks1763700900000 implements MigrationInterface {
  name = 'RefreshTokenMarks1763700900000'

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table refresh_token_marks (
        key text collate "C" not null,
        before timestamptz not null,
        reason text not null,
        primary key (key, before)
      )`)
    const [user, client, session] = [part('user_id'), part('client_id'), part('session_id')]
    // Every key under which a refresh token may end; written out, so that it is inlined.
    await db.query(`
      create function refresh_token_mark_keys(user_id text, client_id text, audience text, session_id text) returns text[]
      language sql stable parallel safe as $$
        select array[
          ${key('user', user)},
          ${key('client', client)},
          ${key('user-client', user, client)},
          ${key('grant', user, client, `coalesce(${part('audience')}, '-')`)},
          ${key('session', user, session)}
        ] $$`)

    await db.query(`
      create function lock_guard_key(key text) returns void language sql volatile as $$
        select pg_advisory_xact_lock(hashtextextended(key, 0)) $$`)
    // Volatile: what looks has a snapshot of its own, taken once the locks are held.
    await db.query(`
      create function overtaken_appends(ids text[], keys text[], afters timestamptz[]) returns text[] language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock_shared(ordered.lock)
        from (select distinct hashtextextended(key, 0) as lock from unnest(keys) as key order by lock) as ordered;
        return array(
          select guard.id from unnest(ids, keys, afters) as guard(id, key, after)
          where exists (select from refresh_token_marks m where m.key = guard.key and m.before >= guard.after));
      end $$`)

    // When the login began that a token goes back to, where that was before the token's own start.
    await db.query(`alter table refresh_tokens add column authorized_at timestamptz`)
    await db.query(`grant select, insert on refresh_token_marks to evergrant_app`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table refresh_tokens drop column authorized_at`)
    await db.query(`drop function overtaken_appends(text[], text[], timestamptz[])`)
    await db.query(`drop function lock_guard_key(text)`)
    await db.query(`drop function refresh_token_mark_keys(text, text, text, text)`)
    await db.query(`drop table refresh_token_marks`)
  }
}
