import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { CredentialsTable } from '../login/credentials.js'

/** Whether somebody in a connection has this address: for who may know, such as the bearer of an invitation for it. */
export class HasAccount extends Query<boolean> {
  constructor(
    readonly connectionId: string,
    readonly email: string,
  ) {
    super()
  }
}

@QueryHandler(HasAccount)
export class HasAccountHandler implements IQueryHandler<HasAccount> {
  constructor(private readonly credentials: CredentialsTable) {}

  async execute({ connectionId, email }: HasAccount): Promise<boolean> {
    return (await this.credentials.find(connectionId, email)) !== undefined
  }
}
