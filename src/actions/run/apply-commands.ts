import { type Command, MAX_COMMANDS, type UserMetadataKind } from '../rules/commands.js'
import { earliest, expiryProblem, nameable } from '../rules/expiry.js'
import { changedMetadata, type MetadataOperation, metadataOperation } from '../rules/metadata.js'
import { isTooDeep } from '../rules/nesting.js'
import { MAX_ADDED_SCOPES, scopeProblem, TOO_MANY_SCOPES } from '../rules/scopes.js'
import { changedTransaction } from '../rules/transaction.js'
import { describable } from './outcome.js'
import type { Pending, PendingExpiry } from './pending.js'

/** What an Action asked for cannot be: it counts as if the Action had thrown. */
export class CommandError extends Error {}

/** What ends the chain after the Action that asked for it, the strongest first. */
export type Ending =
  | { readonly type: 'session.revoke'; readonly reason: string; readonly preserveRefreshTokens: boolean }
  | { readonly type: 'refreshToken.revoke'; readonly reason: string }
  | { readonly type: 'access.deny' | 'validation.error'; readonly reason: string; readonly code?: string }
  | { readonly type: 'redirect'; readonly url: string }
  | { readonly type: 'unsupported'; readonly method: string }

/** What the flow is; some commands mean nothing in some. */
export interface Flow {
  readonly online: boolean
  readonly hasSession: boolean
  /** The browser is back from a redirect, to the Action that sent it away. */
  readonly continued: boolean
}

const MAX_USER_METADATA_BYTES = 32_768
/** They stay with the session. */
const MAX_METHODS = 20
const MAX_METHOD_URL = 1024
const MAX_ERROR = 100
/** More than browsers and servers take. */
const MAX_URL = 65_536
const TOO_LARGE = { user_metadata: 'User metadata exceeds the maximum size.', app_metadata: 'App metadata exceeds the maximum size.' } as const
const STRENGTH: readonly Ending['type'][] = ['session.revoke', 'refreshToken.revoke', 'access.deny', 'validation.error', 'redirect', 'unsupported']

/**
 * The commands of one Action upon those of the ones before it. Nothing is taken on trust, since the sandbox's other side may have been tampered
 * with: everything is checked again by the rules that the api used. Errors: CommandError.
 */
export function applyCommands(before: Pending, commands: readonly Command[], flow: Flow): { readonly pending: Pending; readonly ending?: Ending } {
  if (before.commands + commands.length > MAX_COMMANDS) throw new CommandError(`An execution cannot give more than ${MAX_COMMANDS} commands.`)
  const endings: Ending[] = []
  let pending: Pending = { ...before, commands: before.commands + commands.length }
  for (const command of commands) {
    const ending = endingOf(command)
    if (ending) endings.push(ending)
    else pending = applied(pending, command, flow)
  }
  refuseRenderWithRedirect(endings)
  // Of denials the first call counts; `sort` keeps the order of equals.
  const [ending = owedEnding(before)] = endings.sort((a, b) => strength(a) - strength(b))
  if (ending?.type !== 'redirect') return { pending, ...(ending && { ending }) }
  const owed = endings.find((other) => other.type === 'unsupported')?.method ?? before.owed
  return { pending: { ...pending, ...(owed !== undefined && { owed }) }, ending }
}

/** spec/actions.md §3.4 */
function refuseRenderWithRedirect(endings: readonly Ending[]): void {
  const renders = endings.some((ending) => ending.type === 'unsupported' && ending.method === 'prompt.render')
  if (renders && endings.some(({ type }) => type === 'redirect')) throw new CommandError('Redirect and render commands cannot be used in the same action.')
}

/** What a redirect went before is not forgotten when the browser is back: going on without it would not be safe (§0.2 G2). */
const owedEnding = ({ owed }: Pending): Ending | undefined => (owed === undefined ? undefined : { type: 'unsupported', method: owed })

const strength = ({ type }: Ending): number => STRENGTH.indexOf(type === 'validation.error' ? 'access.deny' : type)

function endingOf(command: Command): Ending | undefined {
  switch (command.type) {
    case 'access.deny':
      return { type: command.type, reason: text(command.reason), ...(command.code !== undefined && { code: text(command.code) }) }
    case 'validation.error':
      return { type: command.type, reason: text(command.message, MAX_ERROR), code: text(command.code, MAX_ERROR) }
    case 'refreshToken.revoke':
      return { type: command.type, reason: text(command.reason) }
    case 'session.revoke':
      return { type: command.type, reason: text(command.reason), preserveRefreshTokens: command.preserveRefreshTokens === true }
    case 'redirect':
      return { type: command.type, url: webAddress(command.url) }
    case 'unsupported':
      return command.closed === false ? undefined : { type: command.type, method: text(command.method).slice(0, 100) }
    default:
      return undefined
  }
}

function applied(pending: Pending, command: Command, flow: Flow): Pending {
  if ('value' in command && isTooDeep(command.value)) throw new CommandError('The Action gave a value that is nested too deeply.')
  switch (command.type) {
    case 'claim': {
      const [token, key] = [tokenOf(command.token), text(command.key)]
      const { [key]: _, ...others } = pending.claims[token]
      const claims = Object.hasOwn(command, 'value') ? { ...others, [key]: command.value } : others
      return { ...pending, claims: { ...pending.claims, [token]: claims } }
    }
    case 'scope': {
      const problem = scopeProblem(command.scope)
      if (problem) throw new CommandError(problem.message)
      const scopes = { ...pending.scopes, [command.scope]: command.change === 'add' ? ('add' as const) : ('remove' as const) }
      if (Object.values(scopes).filter((change) => change === 'add').length > MAX_ADDED_SCOPES) throw new CommandError(TOO_MANY_SCOPES)
      return { ...pending, scopes }
    }
    case 'user.metadata':
      return withUserMetadata(pending, command.kind, text(command.key), command)
    case 'refreshToken.metadata':
      refuseOnline(flow, 'setMetadata')
      return { ...pending, refreshToken: { ...pending.refreshToken, ...changed(pending.refreshToken, command.operation) } }
    case 'refreshToken.expiry':
      refuseOnline(flow, 'setExpiresAt')
      return { ...pending, refreshToken: { ...pending.refreshToken, ...shortened(pending.refreshToken, command) } }
    case 'session.metadata':
      if (!flow.hasSession) return pending
      return { ...pending, session: { ...pending.session, ...changed(pending.session, command.operation) } }
    case 'session.expiry':
      if (!flow.hasSession) return { ...pending, warnings: [...pending.warnings, 'There is no session whose expiry could be set.'] }
      return { ...pending, session: { ...pending.session, ...shortened(pending.session, command) } }
    case 'session.cookieMode': {
      const cookieMode = command.mode === 'persistent' ? ('persistent' as const) : ('non-persistent' as const)
      return flow.hasSession ? { ...pending, session: { ...pending.session, cookieMode } } : pending
    }
    case 'transaction.metadata':
      return { ...pending, transaction: attempt(() => changedTransaction(pending.transaction, command.key, command.value)) }
    case 'multifactor':
      return { ...pending, multifactor: { provider: text(command.provider).slice(0, 50), allowRememberBrowser: command.allowRememberBrowser !== false } }
    case 'recordMethod':
      if (!flow.continued) throw new CommandError('api.authentication.recordMethod can only be called in onContinuePostLogin.')
      if (pending.methods.length >= MAX_METHODS) throw new CommandError(`An execution cannot record more than ${MAX_METHODS} methods.`)
      return { ...pending, methods: [...pending.methods, methodName(command.url)] }
    case 'unsupported':
      return { ...pending, warnings: [...pending.warnings, `api.${text(command.method).slice(0, 100)} has no effect here.`] }
    // Applied where the cache is, or already taken as the end.
    case 'cache.set':
    case 'cache.delete':
    case 'access.deny':
    case 'validation.error':
    case 'refreshToken.revoke':
    case 'session.revoke':
    case 'redirect':
      return pending
    case 'targetScope':
      throw new CommandError('The Action gave a command that its trigger does not know.')
  }
  throw new CommandError('The Action gave a command that nobody knows.')
}

function withUserMetadata(pending: Pending, kind: UserMetadataKind, key: string, command: object): Pending {
  const member = kind === 'app_metadata' ? 'appMetadata' : 'userMetadata'
  const { [key]: _, ...others } = pending[member]
  const patch = Object.hasOwn(command, 'value') && key !== '__proto__' ? { ...others, [key]: (command as { value: unknown }).value } : others
  if (Buffer.byteLength(JSON.stringify(patch)) > MAX_USER_METADATA_BYTES) throw new CommandError(TOO_LARGE[kind])
  return { ...pending, [member]: patch }
}

function changed({ operations, metadata }: Pending['refreshToken'], given: MetadataOperation): Pick<Pending['refreshToken'], 'operations' | 'metadata'> {
  const operation = attempt((): MetadataOperation => {
    if (given.op === 'evict') return { op: 'evict' }
    return metadataOperation(given.key, given.op === 'delete' ? null : given.value)
  })
  return { operations: [...operations, operation], metadata: attempt(() => changedMetadata(metadata, operation)) }
}

function shortened(before: PendingExpiry, { absolute, idle }: { readonly absolute?: number; readonly idle?: number }): PendingExpiry {
  const problem =
    (absolute !== undefined ? expiryProblem(absolute, 'absolute') : undefined) ?? (idle !== undefined ? expiryProblem(idle, 'inactivity') : undefined)
  if (problem !== undefined) throw new CommandError(problem)
  return {
    ...(absolute !== undefined && { expiresAt: earliest(before.expiresAt, nameable(absolute)) }),
    ...(idle !== undefined && { idleExpiresAt: earliest(before.idleExpiresAt, nameable(idle)) }),
  }
}

function refuseOnline({ online }: Flow, method: string): void {
  if (online) throw new CommandError(`Cannot call ${method} on an online refresh token.`)
}

const tokenOf = (token: unknown): 'accessToken' | 'idToken' => (token === 'accessToken' ? 'accessToken' : 'idToken')

function text(value: unknown, max = Number.POSITIVE_INFINITY): string {
  if (typeof value !== 'string') throw new CommandError('The Action gave a command without its text.')
  if (value.length > max) throw new CommandError('The Action gave a command whose text is too long.')
  return value
}

function webAddress(value: unknown): string {
  const url = text(value)
  if (url.length > MAX_URL || !URL.canParse(url) || !/^https?:/i.test(url)) throw new CommandError('Invalid URL')
  return new URL(url).href
}

/** As the Action wrote it: it looks for the same text later. */
function methodName(value: unknown): string {
  webAddress(value)
  const url = text(value)
  if (url.length > MAX_METHOD_URL || describable(url) !== url) throw new CommandError('Invalid URL')
  return url
}

function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new CommandError((error as Error).message)
  }
}
