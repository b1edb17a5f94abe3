import { Name, NestedList, OneOf, Required, Text, Texts } from '../validation/rules.js'

/** Bounds one request; each user or role costs a transaction. */
const MAX_ITEMS = 1000

export class UpdateRoleBody {
  @Name(50)
  name?: string

  @Text({ max: 255, nullable: true })
  description?: string | null
}

export class CreateRoleBody {
  @Required()
  @Name(50)
  name!: string

  @Text({ max: 255, nullable: true })
  description?: string | null

  /** Organizations have no roles of their own here. */
  @OneOf(['tenant'])
  type?: string
}

export class PermissionBody {
  @Required()
  @Text({ min: 1, max: 600 })
  resource_server_identifier!: string

  @Required()
  @Text({ min: 1, max: 280 })
  permission_name!: string
}

/** spec/management-api.md §2.7 and §2.10: of a role or of a user. */
export class PermissionsBody {
  @Required()
  @NestedList(() => PermissionBody, { min: 1, max: MAX_ITEMS })
  permissions!: PermissionBody[]
}

export class RolesBody {
  @Required()
  @Texts({ min: 1, max: MAX_ITEMS, each: { min: 1, max: 64 } })
  roles!: string[]
}

export class UsersBody {
  @Required()
  @Texts({ min: 1, max: MAX_ITEMS, each: { min: 1, max: 300 } })
  users!: string[]
}
