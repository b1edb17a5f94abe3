import { createHash } from 'node:crypto'
import type pg from 'pg'
import { OrganizationGoneError } from '../user/membership-table.js'
import type { InvitationTerms } from './invitation.events.js'

/** The invitation was accepted, deleted or overdue a moment before. */
export class InvitationGoneError extends Error {}

/** The hash that a ticket, 190 random bits, is kept and found by. */
export const ticketHashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('hex')

/** In the transaction of InvitationCreated. Errors: OrganizationGoneError. */
export async function insertInvitation(db: pg.PoolClient, id: string, terms: InvitationTerms, now: Date): Promise<void> {
  // Held until the commit: whoever deletes the organization finds this invitation.
  const { rowCount } = await db.query('select from organizations where id = $1 for key share', [terms.organizationId])
  if (rowCount === 0) throw new OrganizationGoneError('the organization was deleted')
  await db.query(
    `insert into organization_invitations (id, organization_id, ticket_hash, document, created_at, expires_at) values ($1, $2, decode($3, 'hex'), $4, $5, $6)`,
    [id, terms.organizationId, terms.ticketHash, JSON.stringify(terms), now, terms.expiresAt],
  )
}

/**
 * Takes the invitation for a person, in the transaction of their own events: of any number who try at once one does. The row stays until it is
 * overdue, so that steps of the same login that follow know who it was. Errors: InvitationGoneError.
 */
export async function takeInvitation(db: pg.PoolClient, id: string, userId: string): Promise<void> {
  const { rowCount } = await db.query(
    'update organization_invitations set accepted_by = $2 where id = $1 and accepted_by is null and expires_at > clock_timestamp()',
    [id, userId],
  )
  if (rowCount === 0) throw new InvitationGoneError('the invitation is accepted, deleted or overdue')
}

/** In the transaction of InvitationEnded. Errors: InvitationGoneError for one that was accepted a moment ago. */
export async function removeInvitation(db: pg.PoolClient, id: string): Promise<void> {
  const { rowCount } = await db.query('delete from organization_invitations where id = $1 and accepted_by is null', [id])
  if (rowCount === 0) throw new InvitationGoneError('the invitation was accepted')
}

export interface InvitationRow {
  readonly id: string
  readonly document: InvitationTerms
  readonly created_at: Date
  readonly accepted_by: string | null
}

/** One that is not overdue, by its id or its ticket, accepted or not. */
export async function findInvitationRow(pool: pg.Pool, key: { readonly id: string } | { readonly ticket: string }): Promise<InvitationRow | undefined> {
  const [column, value] = 'id' in key ? (['id', key.id] as const) : (['ticket_hash', Buffer.from(ticketHashOf(key.ticket), 'hex')] as const)
  const { rows } = await pool.query<InvitationRow>({
    name: `find-invitation-by-${column}`,
    text: `select id, document, created_at, accepted_by from organization_invitations where ${column} = $1 and expires_at > clock_timestamp()`,
    values: [value],
  })
  return rows[0]
}
