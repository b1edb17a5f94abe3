import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { FindPlaces } from '../actions/index.js'
import type { Origin } from '../event-store/event.js'

/** From where a session or a refresh token was first and last used, opened; undefined where nobody can open it any more. */
export interface Uses {
  readonly initial: Origin | undefined
  readonly last: Origin | undefined
}

/** `device` of sessions and refresh tokens, with the networks of its addresses as the operator's file tells them now: none is kept. */
@Injectable()
export class ShowDevices {
  constructor(private readonly queries: QueryBus) {}

  /** In the order asked. */
  async many(uses: readonly Uses[]): Promise<object[]> {
    const places = await this.queries.execute(new FindPlaces(uses.flatMap(({ initial, last }) => [initial?.ip ?? '', last?.ip ?? ''])))
    return uses.map(({ initial, last }, n) => ({
      initial_ip: initial?.ip ?? null,
      initial_asn: digits(places[2 * n]?.asn),
      initial_user_agent: initial?.userAgent ?? null,
      last_ip: last?.ip ?? null,
      last_asn: digits(places[2 * n + 1]?.asn),
      last_user_agent: last?.userAgent ?? null,
    }))
  }
}

/** spec/management-api.md §2.1 has the number alone, where Actions have `AS64496`. */
const digits = (asn: string | undefined): string | null => asn?.replace(/^AS/, '') ?? null
