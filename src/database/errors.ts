/** An SQLSTATE that is not of the connection says that the statement was rolled back. */
export const refusedByServer = (error: unknown): boolean => sqlState(error) !== undefined && !isConnectionError(error)

/**
 * The database could not be asked, or its answer was lost; what was asked may or may not have happened. SQLSTATE: connection, log-in refused, no such
 * database, shutdown.
 */
export function isConnectionError(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && (/^(08|28|3D|57P)/.test(code) || /^E(AI_)?[A-Z]{3,}$/.test(code))) return true
  return typeof message === 'string' && /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered/.test(message)
}

/** The server takes no writes any more, since another one has taken over; the statement was rolled back. */
export const isReadOnlyServer = (error: unknown): boolean => sqlState(error) === '25006'

/** What was asked can be asked again as it was: deadlock, serialisation, lock or statement time-out, shortage of resources, a failing disk, lost connection, lost primary. */
export function isTransient(error: unknown): boolean {
  return isConnectionError(error) || isReadOnlyServer(error) || /^(40|53|55|57|58)/.test(sqlState(error) ?? '')
}

/** Of a statement that several share: each of them alone would meet it again, and wait as long. A statement or lock time-out, shortage of resources. */
export const holdsUpAll = (error: unknown): boolean => /^(53|55|57)/.test(sqlState(error) ?? '')

/** A value that must be the only one is there already; the statement was rolled back. */
export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505'

/** The name of the constraint that a statement violated. */
export const violatedConstraint = (error: unknown): string | undefined => (error as { constraint?: string } | undefined)?.constraint

function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : undefined
}

/** What a row refers to is not there, or a row that is referred to should go; the statement was rolled back. */
export const isForeignKeyViolation = (error: unknown): boolean => sqlState(error) === '23503'
