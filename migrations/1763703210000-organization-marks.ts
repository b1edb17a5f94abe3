import type { MigrationInterface, QueryRunner } from 'typeorm'

/** As in src/tokens/refresh-token/mark-key.ts. */
const part = `case when octet_length(organization_id) > 100 then '#' || encode(sha256(convert_to(organization_id, 'UTF8')), 'hex')
  else octet_length(organization_id) || ':' || organization_id end`

/** All refresh tokens of an organization end by one mark, as those of a user or a client do: docs/adr/0004-ending-many-refresh-tokens.md. */
export class OrganizationMarks1763703210000 implements MigrationInterface {
  name = 'OrganizationMarks1763703210000'

  async up(db: QueryRunner): Promise<void> {
    // In whose name the login was that a token goes back to; null for nobody's, as it is for all tokens so far.
    await db.query(`alter table refresh_tokens add column organization_id text`)
    await db.query(`
      create function refresh_token_mark_keys(user_id text, client_id text, audience text, session_id text, organization_id text) returns text[]
      language sql stable parallel safe as $$
        select refresh_token_mark_keys(user_id, client_id, audience, session_id)
          || case when organization_id is null then '{}'::text[] else array['organization:' || (${part})] end $$`)
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function refresh_token_mark_keys(text, text, text, text, text)`)
    await db.query(`alter table refresh_tokens drop column organization_id`)
  }
}
