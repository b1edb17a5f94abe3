import { Injectable } from '@nestjs/common'
import type { Origin, PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { FoundReuse, HistoryEvent, RefreshTokenHistory, Use } from '../../tokens/index.js'
import { LogIds } from '../logs/log-ids.js'
import { showEvent, showSummary } from './history.dto.js'
import { reuseCase } from './reuse-case.js'
import { showReuseCase } from './reuse-case.dto.js'

/** The rows of the log that tell of an issue. */
const ISSUES = ['seacft', 'sepft', 'sede', 'secte', 'ciba_exchange_succeeded']
/** A family begins this long after the event that its first tokens were given by, at most. */
const ISSUE_SECONDS = 60
const MAX_ATTEMPTS = 100
/** The database's clock may be ahead of this process's. */
const FOR_EVER = '9999-12-31T00:00:00Z'

/** Opens what is sealed in a refresh token's events, and finds their rows in the log. */
@Injectable()
export class ShowHistory {
  constructor(
    private readonly personKeys: PersonKeys,
    private readonly logIds: LogIds,
  ) {}

  async history(history: RefreshTokenHistory): Promise<{ refresh_token: object; entries: object[] }> {
    const { events, rotating, userId, familyId, startedAt } = history
    const sealed = events.map((event) => [event.metadata.origin ?? null, metadataIn(event)] as const)
    const [opened, logIds] = await Promise.all([this.#open(sealed.flat()), this.#logIds(events)])
    const issue = events[0]?.type === 'FamilyStarted' && userId !== undefined ? await this.#issue(userId, familyId, startedAt!) : undefined
    const entries = events.map((event, n) => {
      const [origin, metadata] = [opened[2 * n] as Origin | undefined, opened[2 * n + 1] as Record<string, string> | undefined]
      const logged = event.type === 'FamilyStarted' ? { ...issue, logId: issue?.logId } : { logId: logIds[n] }
      return showEvent(event, rotating, { origin, metadata }, logged)
    })
    return { refresh_token: showSummary(history), entries }
  }

  async reuse(reuse: FoundReuse, now: Date): Promise<object> {
    const { facts, familyId, userId } = reuse
    const uses = [facts.issued, facts.spent, facts.detected, ...facts.exchanges].filter((use) => use !== undefined)
    const from = facts.detected?.at ?? now.toISOString()
    const [opened, logIds, attempts] = await Promise.all([
      this.#open(uses.map(({ origin }) => origin)),
      this.#logIds(uses.map(({ at, position }) => ({ metadata: { at }, position }))),
      this.logIds.aboutToken(userId, familyId, ['fertft'], { from, to: FOR_EVER }, MAX_ATTEMPTS),
    ])
    const origins = new Map(uses.map(({ origin }, n) => [origin, opened[n] as Origin | undefined]))
    const ids = new Map(uses.map(({ position }, n) => [position, logIds[n]]))
    const attemptOrigins = await this.#open(attempts.map(({ origin }) => origin as PersonalData | null))
    const open = ({ origin }: Use): Origin | undefined => origins.get(origin)
    return showReuseCase(
      reuse,
      reuseCase(facts, open, now),
      open,
      ({ position }) => ids.get(position),
      attempts.map((attempt, n) => ({ ...attempt, origin: attemptOrigins[n] as Origin | undefined })),
    )
  }

  /** The row of the exchange that gave the first tokens: the family's first event makes none. */
  async #issue(userId: string, familyId: string, at: string): Promise<{ logId: string; accessTokenId?: string | undefined } | undefined> {
    const [from, to] = [-ISSUE_SECONDS, ISSUE_SECONDS].map((seconds) => new Date(Date.parse(at) + seconds * 1000).toISOString()) as [string, string]
    const [row] = await this.logIds.aboutToken(userId, familyId, ISSUES, { from, to }, 1)
    const jti = row?.details['access_token_jti']
    return row && { logId: row.logId, ...(typeof jti === 'string' && { accessTokenId: jti }) }
  }

  async #logIds(events: readonly { readonly metadata: { readonly at: string }; readonly position: number | undefined }[]): Promise<(string | undefined)[]> {
    const placed = events.flatMap(({ metadata: { at }, position }, n) => (position === undefined ? [] : [{ at, position, n }]))
    const ids = await this.logIds.of(placed)
    const found = new Map(placed.map(({ n }, place) => [n, ids[place]]))
    return events.map((_, n) => found.get(n))
  }

  async #open(sealed: readonly (PersonalData | null)[]): Promise<unknown[]> {
    const present = sealed.filter((value) => value !== null)
    const opened = await this.personKeys.openMany(present)
    const values = new Map(present.map((value, n) => [value, opened[n]]))
    return sealed.map((value) => (value === null ? undefined : values.get(value)))
  }
}

function metadataIn({ data }: HistoryEvent): PersonalData | null {
  return 'metadata' in data ? (data.metadata ?? null) : null
}
