import type { PersonalData } from '../../event-store/event.js'
import type { PlacedEvent } from '../../event-store/stream-page.js'
import type { ExchangedAccess, FamilyEvent } from './family.events.js'

/** One thing that was done with a refresh token. `origin` is where the request came from, sealed. Times are ISO strings. */
export interface Use {
  readonly at: string
  readonly origin: PersonalData | null
  readonly position: number | undefined
}

/** An exchange: `presented` is the generation that was shown, `rotated` whether that spent it. */
export interface Exchange extends Use {
  readonly presented: number
  readonly rotated: boolean
  readonly access: ExchangedAccess
}

/**
 * What the events tell of a reused refresh token. Generations are those of the family that the reuse ended; zero and less are of the one
 * before it, whose last one is 0 (spec/refresh-tokens.md §13).
 */
export interface ReuseFacts {
  readonly generation: number
  readonly latestGeneration: number
  /** When the leaked generation was given out, and to whom. */
  readonly issued: Use | undefined
  /** The exchange that spent it. */
  readonly spent: Exchange | undefined
  /** From that one on, oldest first; of very many the newest. */
  readonly exchanges: readonly Exchange[]
  readonly exchangeCount: number
  /** When it came back. */
  readonly detected: Use | undefined
}

/** So many exchanges are told of. */
const MAX_EXCHANGES = 1000

export const noFacts = (generation: number, latestGeneration: number): ReuseFacts => ({
  generation,
  latestGeneration,
  issued: undefined,
  spent: undefined,
  exchanges: [],
  exchangeCount: 0,
  detected: undefined,
})

/**
 * The facts after one more event of the families in question, oldest first. `offset` turns the generations of the event's family into those
 * of the last one: 0 for that one, for the one before it minus its last generation.
 */
export function withEvent(facts: ReuseFacts, event: PlacedEvent<FamilyEvent>, rotating: boolean, offset: number): ReuseFacts {
  const use = { at: event.metadata.at, origin: event.metadata.origin ?? null, position: event.position }
  switch (event.type) {
    case 'FamilyStarted':
      return 1 + offset === facts.generation ? { ...facts, issued: use } : facts
    case 'RefreshTokenRotated': {
      const given = event.data.generation + offset
      const next = withExchange(facts, { ...use, presented: given - 1, rotated: true, access: accessOf(event.data) })
      return given === facts.generation ? { ...next, issued: use } : next
    }
    case 'RefreshTokenExchanged': {
      const { generation } = event.data
      // A family that takes the place of another begins with the exchange that spends the last token of that one.
      const switched = event.version === 2 && generation === 1
      const presented = rotating || switched ? generation - 1 : generation
      return withExchange(facts, { ...use, presented: presented + offset, rotated: switched, access: accessOf(event.data) })
    }
    case 'FamilyRevoked':
      return event.data.reason === 'reuse' && offset === 0 ? { ...facts, detected: use } : facts
    case 'RefreshTokenMetadataSet':
    case 'FamilyBarred':
      return facts
  }
}

/** What was done before the leaked generation was spent was done with tokens that one hand held. */
function withExchange(facts: ReuseFacts, exchange: Exchange): ReuseFacts {
  const spends = exchange.rotated && exchange.presented === facts.generation
  if (!spends && !facts.spent) return facts
  const exchanges = [...facts.exchanges, exchange].slice(-MAX_EXCHANGES)
  return { ...facts, ...(spends && { spent: exchange }), exchanges, exchangeCount: facts.exchangeCount + 1 }
}

const accessOf = ({ accessTokenId, audience, scope, accessTokenSeconds }: ExchangedAccess): ExchangedAccess => ({
  accessTokenId,
  audience,
  scope,
  ...(accessTokenSeconds !== undefined && { accessTokenSeconds }),
})
