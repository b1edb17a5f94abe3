import { DATABASE_OPTIONS } from '../../users/index.js'
import { typeOf } from '../validation/rules.js'
import { invalidBody, refusedBody } from '../validation/valid-body.js'

type Options = Readonly<Record<string, unknown>>

const POLICIES = ['none', 'low', 'fair', 'good', 'excellent']
const IDENTIFIERS = ['email', 'phone_number', 'username'] as const

/** What a new connection's options are: for a database Auth0's defaults, where nothing else is said. */
export const newOptions = (strategy: string, options: Options): Options => (strategy === 'auth0' ? { ...DATABASE_OPTIONS, ...options } : options)

/** Whether a connection may have these options (spec/management-api.md §2.9). Errors: ManagementError 400. */
export function checkOptions(strategy: string, options: Options): void {
  if (strategy !== 'auth0') return
  const { attributes, requires_username, validation, passwordPolicy } = options
  if (passwordPolicy !== undefined && passwordPolicy !== null && !(POLICIES as readonly unknown[]).includes(passwordPolicy))
    throw invalidBody(`No enum match for: ${JSON.stringify(passwordPolicy).replaceAll('"', '').slice(0, 100)}`, 'options.passwordPolicy')
  checkLimits(validation)
  if (attributes === undefined || attributes === null) return
  if (requires_username !== undefined) throw refusedBody('Cannot set both options.attributes and options.requires_username')
  if (validation !== undefined) throw refusedBody('Cannot set both options.attributes and options.validation')
  const identifiers = attributes as Partial<Record<string, { identifier?: { active?: unknown } }>>
  if (!IDENTIFIERS.some((name) => identifiers[name]?.identifier?.active === true)) throw refusedBody('attributes must contain one active identifier')
}

/** Lengths of user names. */
function checkLimits(validation: unknown): void {
  const username = (validation as { username?: unknown } | null | undefined)?.username as { min?: unknown; max?: unknown } | null | undefined
  for (const limit of ['min', 'max'] as const) {
    const value = username?.[limit]
    if (value === undefined) continue
    const path = `options.validation.username.${limit}`
    if (typeof value !== 'number' || !Number.isInteger(value)) throw invalidBody(`Expected type integer but found type ${typeOf(value)}`, path)
    if (value < 1) throw invalidBody(`Value ${value} is less than minimum 1`, path)
    if (value > 128) throw invalidBody(`Value ${value} is greater than maximum 128`, path)
  }
}
