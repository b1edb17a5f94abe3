import { Inject } from '@nestjs/common'
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import pg from 'pg'
import { EventStore } from '../../event-store/event-store.js'
import { type PlacedEvent, readStreamPage } from '../../event-store/stream-page.js'
import type { FamilyEvent } from '../refresh-token/family.events.js'
import { family } from '../refresh-token/family.js'
import { noFacts, type ReuseFacts, withEvent } from '../refresh-token/reuse-facts.js'

export interface FoundReuse {
  readonly familyId: string
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string | null
  readonly facts: ReuseFacts
}

/** What the events tell of a refresh token that was ended because a spent generation came back; undefined for every other. */
export class FindReuse extends Query<FoundReuse | undefined> {
  constructor(readonly familyId: string) {
    super()
  }
}

const PAGE = 200
/** A login whose client changed between kinds of tokens more often than this is told of no further back. */
const MAX_FAMILIES = 20

interface Member {
  readonly id: string
  readonly rotating: boolean
  readonly offset: number
}

@QueryHandler(FindReuse)
export class FindReuseHandler implements IQueryHandler<FindReuse> {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly store: EventStore,
  ) {}

  async execute({ familyId }: FindReuse): Promise<FoundReuse | undefined> {
    const { state, version } = await this.store.read(family, familyId)
    if (state.status !== 'revoked' || state.reason !== 'reuse') return undefined
    const [end] = await readStreamPage(this.pool, family, familyId, version - 1, 1)
    const [start] = await readStreamPage(this.pool, family, familyId, 0, 1)
    if (end?.type !== 'FamilyRevoked' || start?.type !== 'FamilyStarted') throw new Error(`the events of ${familyId} are not those of its state`)
    const generation = end.data.presentedGeneration ?? end.data.latestGeneration
    let facts = noFacts(generation, end.data.latestGeneration)
    for (const { id, rotating, offset } of await this.#line(familyId, generation)) {
      for (let after = 0, more = true; more;) {
        const page = await readStreamPage(this.pool, family, id, after, PAGE)
        facts = page.reduce((known, event) => withEvent(known, event, rotating, offset), facts)
        after += PAGE
        more = page.length === PAGE
      }
    }
    const { userId, clientId, sessionId } = start.data
    return { familyId, userId, clientId, sessionId, facts }
  }

  /** The family, and where the generation is older those whose place it took, oldest first. */
  async #line(familyId: string, generation: number): Promise<Member[]> {
    const line: Member[] = []
    for (let id: string | undefined = familyId, offset = 0; id !== undefined && line.length < MAX_FAMILIES;) {
      const [start]: PlacedEvent<FamilyEvent>[] = await readStreamPage(this.pool, family, id, 0, 1)
      if (start?.type !== 'FamilyStarted') break
      line.unshift({ id, rotating: start.data.rotating, offset })
      // Generation 1 + offset was the first of this one.
      const predecessorId: string | undefined = generation < 1 + offset ? start.data.predecessor?.familyId : undefined
      if (predecessorId !== undefined) {
        const { state } = await this.store.read(family, predecessorId)
        offset -= 'generation' in state ? state.generation : 0
      }
      id = predecessorId
    }
    return line
  }
}
