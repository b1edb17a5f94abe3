/** A trigger as `GET /actions/triggers` shows it (spec/actions.md §1). Member names are Auth0's. */
interface Trigger {
  readonly id: string
  readonly version: string
  readonly status: 'CURRENT' | 'DEPRECATED'
  readonly runtimes: readonly string[]
  readonly default_runtime: string
  readonly binding_policy: 'trigger-bound' | 'entity-bound'
  readonly compatible_triggers: readonly { readonly id: string; readonly version: string }[]
}

/** What an Action may ask for; all run on the one engine that there is. */
export const RUNTIMES = ['node12', 'node14', 'node16', 'node18', 'node18-actions', 'node20', 'node22', 'node24'] as const
export const DEFAULT_RUNTIME = 'node22'
/** Those whose built-in modules the engine has. */
export const MODERN_RUNTIMES: readonly string[] = ['node22', 'node24']

const SHOWN_RUNTIMES = ['node18-actions', 'node22']

const trigger = (id: string, version: string, compatible: readonly string[] = [], policy: Trigger['binding_policy'] = 'trigger-bound'): Trigger => ({
  id,
  version,
  status: 'CURRENT',
  runtimes: SHOWN_RUNTIMES,
  default_runtime: DEFAULT_RUNTIME,
  binding_policy: policy,
  compatible_triggers: compatible.map((other) => ({ id, version: other })),
})
const deprecated = (id: string, version: string): Trigger => ({ ...trigger(id, version), status: 'DEPRECATED' })

/** All that Actions can be made for and bound to, so that a whole tenant can be imported; what runs says RUNNING_TRIGGERS. */
export const TRIGGERS: readonly Trigger[] = [
  trigger('post-login', 'v3', ['v2']),
  { ...trigger('post-login', 'v2'), compatible_triggers: [{ id: 'post-login', version: 'v3' }] },
  deprecated('post-login', 'v1'),
  trigger('credentials-exchange', 'v2'),
  deprecated('credentials-exchange', 'v1'),
  trigger('pre-user-registration', 'v2'),
  deprecated('pre-user-registration', 'v1'),
  trigger('post-user-registration', 'v2'),
  deprecated('post-user-registration', 'v1'),
  trigger('post-change-password', 'v2'),
  deprecated('post-change-password', 'v1'),
  trigger('send-phone-message', 'v2'),
  deprecated('send-phone-message', 'v1'),
  trigger('password-reset-post-challenge', 'v1'),
  trigger('custom-token-exchange', 'v1', [], 'entity-bound'),
  trigger('custom-phone-provider', 'v1'),
  trigger('custom-email-provider', 'v1'),
]

/** The flows of this service that run their Actions. */
export const RUNNING_TRIGGERS: readonly string[] = ['post-login', 'credentials-exchange']

export const isTrigger = (id: string): boolean => TRIGGERS.some((known) => known.id === id)

/** Triggers of which one Action alone may be bound. */
export const SINGLE: readonly string[] = ['custom-phone-provider', 'custom-email-provider']
