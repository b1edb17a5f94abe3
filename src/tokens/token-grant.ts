import { Command } from '@nestjs/cqrs'
import type { ClientDocument } from '../authorization/index.js'
import type { Caller, TokenRequest, TokenSender } from './token-request.js'
import type { TokenResponse } from './token-set.js'

/** A token request of a client that is who it says; each grant has its command. Errors: ExchangeRefused. */
export abstract class TokenGrant<R extends TokenRequest> extends Command<TokenResponse> {
  constructor(
    readonly request: R,
    readonly client: ClientDocument,
    readonly caller: Caller,
    readonly sender: TokenSender,
  ) {
    super()
  }
}
