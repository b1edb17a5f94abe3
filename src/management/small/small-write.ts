/**
 * A write of what this service has nothing behind: what asks for nothing new is taken, since deploy tools write back what they read; all else is
 * refused (spec/management-api.md §2.16, §3.2).
 */
export interface SmallWrite {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly scopes: readonly [string, ...string[]]
  readonly status: number
  /** The log's name of it. */
  readonly operation: string
  write(body: unknown): unknown
}
