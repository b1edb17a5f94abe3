/** An SQLSTATE outside class 08 (connection) and 57P (shutdown) says that the statement was rolled back. */
export function refusedByServer(error: unknown): boolean {
  const code = sqlState(error)
  return code !== undefined && !code.startsWith('08') && !code.startsWith('57P')
}

/** The database could not be asked, or its answer was lost; what was asked may or may not have happened. */
export function isConnectionError(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && (/^(08|57P)/.test(code) || /^E(AI_)?[A-Z]{3,}$/.test(code))) return true
  return typeof message === 'string' && /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered/.test(message)
}

/** The server takes no writes any more, since another one has taken over; the statement was rolled back. */
export const isReadOnlyServer = (error: unknown): boolean => sqlState(error) === '25006'

/** What was asked can be asked again as it was: deadlock, serialisation, lock or statement time-out, shortage of resources, lost connection, lost primary. */
export function isTransient(error: unknown): boolean {
  return isConnectionError(error) || isReadOnlyServer(error) || /^(40|53|55|57)/.test(sqlState(error) ?? '')
}

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
