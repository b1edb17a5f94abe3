import type { QueryBus } from '@nestjs/cqrs'
import { FindAccount } from './queries/find-account.js'

/**
 * Whether the user, made at `createdAt`, is another person than the one whose login, code, token or consent is from `at`. An id that was deleted may
 * be given again, and nothing of the former person may serve the next one: whoever was made later is another. That holds of such ids alone. With the
 * clock set back, what the first bearer was given seems to be from before there was such a user, but there was nobody else whose it could be.
 * Sessions need not ask: the logins of such an id have ended when it is given again.
 */
export async function isAnotherPerson(queries: QueryBus, userId: string, createdAt: Date, at: Date): Promise<boolean> {
  if (createdAt <= at) return false
  const account = await queries.execute(new FindAccount(userId))
  return !account || account.idUsedBefore
}
