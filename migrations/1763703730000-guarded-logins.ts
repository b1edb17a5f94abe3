import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Volatile: what looks has a snapshot of its own, taken once the locks are held. `found`: whether the append `guard` was overtaken. */
const overtakenAppends = (found: string): string => `
  create or replace function overtaken_appends(ids text[], keys text[], afters timestamptz[]) returns text[] language plpgsql volatile as $$
  begin
    perform pg_advisory_xact_lock_shared(ordered.lock)
    from (select distinct hashtextextended(key, 0) as lock from unnest(keys) as key order by lock) as ordered;
    return array(select guard.id from unnest(ids, keys, afters) as guard(id, key, after) where ${found});
  end $$`

const MARKED = `exists (select from refresh_token_marks m where m.key = guard.key and m.before >= guard.after)`
const LOGINS = 'logins:'

/** What is decided for somebody's login is not appended once their logins have ended, or they are gone: docs/adr/0008-sessions.md. */
export class GuardedLogins1763703730000 implements MigrationInterface {
  name = 'GuardedLogins1763703730000'

  async up(db: QueryRunner): Promise<void> {
    // `after` is the end that the decision has seen, if any.
    const ended = `not exists (
        select from users u where u.user_id = substr(guard.key, ${LOGINS.length + 1}) and coalesce(u.logins_ended_at, '-infinity') <= guard.after)`
    await db.query(overtakenAppends(`case when starts_with(guard.key, '${LOGINS}') then ${ended} else ${MARKED} end`))
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(overtakenAppends(MARKED))
  }
}
