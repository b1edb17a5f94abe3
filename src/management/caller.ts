import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type { Request } from 'express'
import type { Context } from '../event-store/event.js'
import { ManagementError } from '../http/management-error.js'
import type { RequiredScopes } from './scopes.js'

/** Who calls, as the token says; `request.management` once the guard has let the request in. */
export interface CallerOf {
  readonly clientId: string
  /** Whose token it is; absent for a client's own. */
  readonly userId?: string
  readonly scopes: ReadonlySet<string>
  /** For commands and facts: who caused it, and from where. */
  readonly context: Context
  /** The token's `jti`. */
  readonly tokenId?: string
  /** Secrets that the answer shows, for the log; see `reveal`. */
  readonly revealed: Set<string>
  /** Whether what is by its method a write was asked to change nothing; see `onlyReads`. */
  onlyReads?: boolean
}

export type ManagementRequest = Request & { management?: CallerOf }

/** The caller of a route that needs a token. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): CallerOf => {
  const { management } = context.switchToHttp().getRequest<ManagementRequest>()
  if (!management) throw new Error('a route asks for its caller and needs no token')
  return management
})

/** Notes that the answer shows a secret: a GET that does so stands in the log. */
export const reveal = (caller: CallerOf, secret: string): void => void caller.revealed.add(secret)

/** Notes that this call changes nothing, whatever its method: it stands in the log no more than a read does. */
export const onlyReads = (caller: CallerOf): void => void (caller.onlyReads = true)

export function holds({ scopes }: Pick<CallerOf, 'scopes'>, required: RequiredScopes): boolean {
  return required.mode === 'all' ? required.scopes.every((scope) => scopes.has(scope)) : required.scopes.some((scope) => scopes.has(scope))
}

/** The 403 of management-api.md §1.6; deploy tools look for its first two words. */
export const insufficientScope = ({ mode, scopes }: RequiredScopes): ManagementError =>
  new ManagementError(403, `Insufficient scope, expected ${mode} of: ${scopes.join(',')}`, 'insufficient_scope')

/** For what a body asks beyond the route's own scopes. Errors: ManagementError 403. */
export function needs(caller: CallerOf, ...scopes: readonly string[]): void {
  const required = { mode: 'any', scopes } as const
  if (!holds(caller, required)) throw insufficientScope(required)
}

/** A token with `…:current_user…` scopes alone acts on its own user. `full`: the scopes that act on anybody. Errors: ManagementError 403. */
export function actsOn(caller: CallerOf, userId: string, ...full: readonly string[]): void {
  if (full.some((scope) => caller.scopes.has(scope)) || caller.userId === userId) return
  throw new ManagementError(403, 'User to be acted on does not match subject in bearer token.')
}
