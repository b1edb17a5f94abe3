import { Command } from '@nestjs/cqrs'
import type { AuthorizationErrorCode } from '../authorization-response.js'
import type { ClientDocument } from '../client/client.events.js'
import type { IssuedCode } from './issue-authorization-code.js'

export interface AnsweredTokens {
  readonly idToken?: string
  /** A bearer's, for so many seconds. */
  readonly access?: { readonly token: string; readonly scope: readonly string[]; readonly seconds: number }
}

export type FrontChannelTokens =
  | { readonly kind: 'issued'; readonly tokens: AnsweredTokens }
  /** Something has changed since the login was found good. */
  | { readonly kind: 'refused'; readonly error: AuthorizationErrorCode; readonly description: string }

/** The tokens that an authorization request asked for at its redirect URI (spec/oauth.md §4.5); never a refresh token. The tokens module makes them. */
export class IssueFrontChannelTokens extends Command<FrontChannelTokens> {
  constructor(
    readonly issued: IssuedCode,
    readonly client: ClientDocument,
  ) {
    super()
  }
}
