import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { type FrontChannelTokens, IssueFrontChannelTokens } from '../authorization/index.js'
import { CodeRightsFinder } from './code-rights.js'
import { ExchangeRefused } from './exchange-refused.js'
import { TokenSet } from './token-set.js'

/** What brings tokens that outlive the access token; such are never answered in a browser. */
const OUTLIVING: readonly string[] = ['offline_access', 'online_access']

@CommandHandler(IssueFrontChannelTokens)
export class IssueFrontChannelTokensHandler implements ICommandHandler<IssueFrontChannelTokens> {
  constructor(
    private readonly rights: CodeRightsFinder,
    private readonly tokenSet: TokenSet,
  ) {}

  async execute({ issued: { code, grant, frontChannel = { idToken: false }, at }, client }: IssueFrontChannelTokens): Promise<FrontChannelTokens> {
    try {
      const { terms } = await this.rights.of({ ...grant, scope: grant.scope.filter((name) => !OUTLIVING.includes(name)) }, client)
      return { kind: 'issued', tokens: await this.tokenSet.inFrontChannel(terms, { ...frontChannel, code }, at) }
    } catch (error) {
      if (!(error instanceof ExchangeRefused)) throw error
      const { code: refusal, description } = error
      if (refusal === 'unauthorized' || refusal === 'access_denied') return { kind: 'refused', error: refusal, description }
      return { kind: 'refused', error: 'access_denied', description: 'The person is gone.' }
    }
  }
}
