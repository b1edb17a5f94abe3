import { SetMetadata } from '@nestjs/common'

/** What a token must hold to be let in: one of the scopes, or all of them. */
export interface RequiredScopes {
  readonly mode: 'any' | 'all'
  readonly scopes: readonly string[]
}

export interface Operation {
  /** As Auth0's log writes it, such as `Create a client`. */
  readonly name: string
  /** Bodies may tell of a person: they are masked. */
  readonly personal: boolean
}

export const REQUIRED_SCOPES = 'management:scopes'
export const PUBLIC = 'management:public'
export const OPERATION = 'management:operation'

/** Lets in who holds any of the scopes. */
export const Scopes = (...scopes: [string, ...string[]]): MethodDecorator => SetMetadata(REQUIRED_SCOPES, { mode: 'any', scopes } satisfies RequiredScopes)

/** Lets in who holds all of the scopes. */
export const AllScopes = (...scopes: [string, ...string[]]): MethodDecorator => SetMetadata(REQUIRED_SCOPES, { mode: 'all', scopes } satisfies RequiredScopes)

/** Lets in everybody, without a token. */
export const Public = (): MethodDecorator => SetMetadata(PUBLIC, true)

/** Names the operation for the log; every route that writes has one, and every one that may show secrets. `personal`: its bodies may tell of a person, and are masked. */
export const Operation = (name: string, { personal = false } = {}): MethodDecorator => SetMetadata(OPERATION, { name, personal } satisfies Operation)
