import { DEFAULT_RUNTIME, type NewAction, RUNTIMES, TRIGGERS } from '../../actions/index.js'
import { isAllowedHost } from '../../http/allowed-host.js'
import { AnyList, Flag, Nested, NestedList, OneOf, ReadOnly, Required, Text, Texts, AnyObject } from '../validation/rules.js'
import { invalidBody } from '../validation/valid-body.js'

/** spec/actions.md §6.3. */
const MAX_CODE = 100_000
const MAX_SECRETS = 30
const MAX_DEPENDENCIES = 10

class TriggerBody {
  @Required()
  @OneOf([...new Set(TRIGGERS.map(({ id }) => id))])
  readonly id!: string

  @Text({ max: 10 })
  readonly version?: string

  @ReadOnly()
  readonly status?: unknown
  @ReadOnly()
  readonly runtimes?: unknown
  @ReadOnly()
  readonly default_runtime?: unknown
  @ReadOnly()
  readonly compatible_triggers?: unknown
  @ReadOnly()
  readonly binding_policy?: unknown
}

class DependencyBody {
  @Required()
  @Text({ min: 1, max: 214, pattern: /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/ })
  readonly name!: string

  /** A version or a range of a registry: no address, no repository, no file. */
  @Text({ max: 100, pattern: /^[\w.^~<>=|*+ -]*$/ })
  readonly version?: string

  @ReadOnly()
  readonly registry_url?: unknown
}

class SecretBody {
  @Required()
  @Text({ min: 1, max: 128 })
  readonly name!: string

  @Text({ max: 4096 })
  readonly value?: string

  @ReadOnly()
  readonly updated_at?: unknown
}

/** The members that both bodies have. */
class ActionFields {
  @Text({ max: MAX_CODE })
  readonly code?: string

  @NestedList(() => DependencyBody, { max: MAX_DEPENDENCIES })
  readonly dependencies?: readonly DependencyBody[]

  @NestedList(() => SecretBody, { max: MAX_SECRETS })
  readonly secrets?: readonly SecretBody[]

  @OneOf(RUNTIMES)
  readonly runtime?: string

  /** Beyond Auth0: what it may reach (docs/adr/0007-actions.md). */
  @Texts({ max: 50, each: { max: 255, format: ['host', isAllowedHost] } })
  readonly allowed_hosts?: readonly string[]

  @AnyList({ max: 0 })
  readonly modules?: readonly unknown[]

  @ReadOnly()
  readonly id?: unknown
  @ReadOnly()
  readonly created_at?: unknown
  @ReadOnly()
  readonly updated_at?: unknown
  @ReadOnly()
  readonly built_at?: unknown
  @ReadOnly()
  readonly status?: unknown
  @ReadOnly()
  readonly all_changes_deployed?: unknown
  @ReadOnly()
  readonly deployed_version?: unknown
  @ReadOnly()
  readonly current_version?: unknown
  @ReadOnly()
  readonly installed_integration_id?: unknown
  @ReadOnly()
  readonly integration?: unknown
  @ReadOnly()
  readonly errors?: unknown
}

export class CreateActionBody extends ActionFields {
  @Required()
  @Text({ min: 1, max: 255 })
  readonly name!: string

  @Required()
  @NestedList(() => TriggerBody, { min: 1, max: 1 })
  readonly supported_triggers!: readonly TriggerBody[]

  @Flag()
  readonly deploy?: boolean
}

export class UpdateActionBody extends ActionFields {
  @Text({ min: 1, max: 255 })
  readonly name?: string

  @NestedList(() => TriggerBody, { min: 1, max: 1 })
  readonly supported_triggers?: readonly TriggerBody[]
}

export class RestoreVersionBody {
  @Flag()
  readonly update_draft?: boolean
}

export class TestActionBody {
  @Required()
  @AnyObject()
  readonly payload!: Readonly<Record<string, unknown>>
}

class BindingRefBody {
  @Required()
  @OneOf(['action_name', 'action_id', 'binding_id'])
  readonly type!: 'action_name' | 'action_id' | 'binding_id'

  @Required()
  @Text({ min: 1, max: 255 })
  readonly value!: string
}

class BindingBody {
  @Required()
  @Nested(() => BindingRefBody)
  readonly ref!: BindingRefBody

  @Text({ min: 1, max: 255 })
  readonly display_name?: string

  /** Secrets belong to an Action. */
  @AnyList({ max: 0 })
  readonly secrets?: readonly unknown[]
}

export class BindingsBody {
  @Required()
  @NestedList(() => BindingBody, { max: 1000 })
  readonly bindings!: readonly BindingBody[]
}

/** A body as a draft. Errors: ManagementError 400 for what the schema cannot tell. */
export function newAction(body: CreateActionBody): NewAction {
  const [trigger] = body.supported_triggers
  const withoutValue = (body.secrets ?? []).findIndex(({ value }) => value === undefined)
  if (withoutValue >= 0) throw invalidBody('Missing required property: value', `secrets[${withoutValue}]`)
  return {
    name: body.name,
    trigger: triggerOf(trigger!),
    runtime: body.runtime ?? DEFAULT_RUNTIME,
    code: body.code ?? '',
    dependencies: dependenciesOf(body.dependencies ?? []),
    allowedHosts: body.allowed_hosts ?? [],
    secrets: distinct(body.secrets ?? [], 'secrets').map(({ name, value }) => ({ name, value: value! })),
    deploy: body.deploy ?? false,
  }
}

/** What a PATCH changes; `triggerId` for the caller to compare, since only the version may change. */
export function actionChanges(body: UpdateActionBody) {
  const { name, code, runtime, dependencies, secrets, allowed_hosts: allowedHosts, supported_triggers: triggers } = body
  return {
    triggerId: triggers?.[0]?.id,
    changes: {
      ...(triggers?.[0]?.version !== undefined && { trigger: triggerOf(triggers[0]) }),
      ...(name !== undefined && { name }),
      ...(code !== undefined && { code }),
      ...(runtime !== undefined && { runtime }),
      ...(allowedHosts !== undefined && { allowedHosts }),
      ...(dependencies !== undefined && { dependencies: dependenciesOf(dependencies) }),
      ...(secrets !== undefined && { secrets: distinct(secrets, 'secrets').map(({ name: secret, value }) => ({ name: secret, value })) }),
    },
  }
}

function triggerOf({ id, version }: TriggerBody): { id: string; version: string } {
  const known = TRIGGERS.filter((trigger) => trigger.id === id)
  const found = version === undefined ? known.find(({ status }) => status === 'CURRENT') : known.find((trigger) => trigger.version === version)
  if (!found) throw invalidBody(`No enum match for: ${version}`, 'supported_triggers[0].version')
  return { id, version: found.version }
}

const dependenciesOf = (list: readonly DependencyBody[]): { name: string; version: string }[] =>
  distinct(list, 'dependencies').map(({ name, version }) => ({ name, version: version?.trim() || 'latest' }))

function distinct<T extends { readonly name: string }>(list: readonly T[], property: string): readonly T[] {
  const twice = list.find(({ name }, n) => list.findIndex((other) => other.name === name) !== n)
  if (twice) throw invalidBody(`Array items are not unique: ${twice.name}`, property)
  return list
}
