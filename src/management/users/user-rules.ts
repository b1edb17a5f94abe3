import { ManagementError } from '../../http/management-error.js'
import { type Attributes, type ConnectionDocument, passwordProblem } from '../../users/index.js'
import { invalidBody, refusedBody } from '../validation/valid-body.js'
import type { CreateUserBody, UpdateUserBody } from './users.dto.js'

const PASSWORDLESS = new Set(['email', 'sms'])
/** What identity providers say about a person, and would say again at the next login. */
const PROVIDED = ['family_name', 'given_name', 'name', 'nickname', 'picture'] as const

/** Bytes of JSON. All of it is written with each change, and opened for Actions at each login. */
const MAX_METADATA = 1_048_576

const PAIRS = [
  ['password', 'email'],
  ['password', 'email_verified'],
  ['username', 'email'],
  ['username', 'email_verified'],
  ['username', 'password'],
] as const

type Options = ConnectionDocument['options']

const unsupported = (message: string): ManagementError => new ManagementError(400, message, 'operation_not_supported')

/** Whether this user can be made in this connection (spec/management-api.md §2.7). Errors: ManagementError 400. */
export function checkNewUser(connection: ConnectionDocument, body: CreateUserBody): void {
  const { strategy, options, authentication } = connection
  if (authentication?.active === false) throw unsupported('Connection is disabled.')
  if (strategy !== 'auth0' && !PASSWORDLESS.has(strategy)) {
    const message = 'Connection does not support user creation through the API. It must either be a database or passwordless connection.'
    throw unsupported(message)
  }
  if (body.username !== undefined) checkUsername(options, body.username)
  for (const member of requiredOf(connection)) if (body[member] === undefined) throw invalidBody(`Missing required property: ${member}`)
  if (strategy === 'auth0') checkPassword(options, body.password!, body)
  else if (body.password !== undefined) throw refusedBody('Cannot set password for a passwordless connection.')
}

/** Whether these members may be changed together, and of this user. `before`: what the user is now. Errors: ManagementError 400. */
export function checkChanges(connection: ConnectionDocument | undefined, provider: string, before: Attributes, body: UpdateUserBody): void {
  const named = (member: keyof UpdateUserBody): boolean => body[member] !== undefined
  const pair = PAIRS.find(([one, other]) => named(one) && named(other))
  if (pair) throw refusedBody(`Cannot update ${pair[0]} and ${pair[1]} simultaneously.`)
  const isDatabase = provider === 'auth0'
  const options = connection?.options ?? {}
  for (const member of ['email', 'username', 'password'] as const) {
    const own = isDatabase || (member === 'email' && provider === 'email')
    if (named(member) && !own) throw unsupported(`Cannot update ${member} for non-database user.`)
  }
  const synced = !isDatabase && !PASSWORDLESS.has(provider) && (options['set_user_root_attributes'] ?? 'on_each_login') === 'on_each_login'
  const provided = PROVIDED.filter(named)
  if (synced && provided.length > 0) {
    throw unsupported(
      `The following user attributes cannot be updated: ${provided.join(', ')}. The connection must either be a database connection (using the Auth0 store), a passwordless connection (email or sms) or has disabled 'Sync user profile attributes at each login'.`,
    )
  }
  const { email = before.email, username = before.username, phone_number = before.phone_number } = body
  if ((email ?? username ?? phone_number ?? null) === null && before.email !== undefined) throw refusedBody('Cannot remove the only identifier of the user.')
  if (typeof body.username === 'string') checkUsername(options, body.username)
  for (const member of ['user_metadata', 'app_metadata'] as const) {
    const merged = body[member] && withoutNulls({ ...before[member], ...body[member] })
    if (merged && Buffer.byteLength(JSON.stringify(merged)) > MAX_METADATA) throw refusedBody(`The ${member} is larger than ${MAX_METADATA} bytes.`)
  }
  if (body.password === null) throw invalidBody('Expected type string but found type null', 'password')
  if (body.password !== undefined) checkPassword(options, body.password, { ...before, ...withoutNulls(body) })
}

function requiredOf({ strategy, options }: ConnectionDocument): readonly (keyof CreateUserBody)[] {
  if (strategy === 'sms') return ['phone_number']
  if (strategy === 'email') return ['email']
  // With flexible identifiers any active one will do.
  if (typeof options['attributes'] === 'object') return ['password']
  return options['requires_username'] === true ? ['username', 'email', 'password'] : ['email', 'password']
}

function checkUsername(options: Options, username: string): void {
  const attributes = options['attributes'] as { username?: { identifier?: { active?: unknown } } } | undefined
  if (options['requires_username'] !== true && attributes?.username?.identifier?.active !== true) {
    throw unsupported('Cannot set username for connection without requires_username.')
  }
  const { min = 1, max = 15 } = (options['validation'] as { username?: { min?: number; max?: number } } | undefined)?.username ?? {}
  const { length } = [...username]
  if (length < min) throw invalidBody(`String is too short (${length} chars), minimum ${min}`, 'username')
  if (length > max) throw invalidBody(`String is too long (${length} chars), maximum ${max}`, 'username')
  if (!USERNAME.test(username) || username.includes('@')) throw invalidBody(`String does not match pattern ${USERNAME.source}`, 'username')
}

/** Auth0's characters without @, so that no user name is another user's address. */
const USERNAME = /^[A-Za-z0-9_+\-.!#$'^`~]+$/

function checkPassword(options: Options, password: string, person: Attributes): void {
  const problem = passwordProblem(options, password, person)
  if (problem) throw refusedBody(problem.error)
}

const withoutNulls = (members: object): Attributes => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null))
