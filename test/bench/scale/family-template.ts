import { randomUUID } from 'node:crypto'
import type { Append } from '../../../src/event-store/append-queue.js'
import type { Origin } from '../../../src/event-store/event.js'
import { eventHash, ZERO_HASH } from '../../../src/event-store/hashes.js'
import type { FamilyStarted, RefreshTokenExchange } from '../../../src/tokens/refresh-token/family.events.js'
import { deviceLookup } from '../../../src/tokens/refresh-token/refresh-token-devices.projection.js'
import { newFamilyId, newSalt } from '../../../src/tokens/refresh-token/token-value.js'
import { type Lines, linesOf, type TextLines } from './copy.js'
import { deviceOf, type Made, makeByCommands, newSessionId, timeOf, type Tools } from './make-chunk.js'
import type { NewPeople } from './people.js'
import { type Chunk, type Scene, userIdOf } from './plan.js'
import { rendererFor, type Template, templateOf, type Values } from './template.js'

/** Two chunks of one family: numbers that are found again in texts, times of different milliseconds. */
const SAMPLES = [
  { firstPerson: 0, xid: '870000000000001', sequence: 6_100_000_000_001, position: 6_200_000_000_001, from: Date.UTC(2026, 0, 5), step: 3_600_111 },
  { firstPerson: 1, xid: '870000000000002', sequence: 6_300_000_000_001, position: 6_400_000_000_001, from: Date.UTC(2026, 5, 7), step: 7_300_222 },
].map(({ step, ...sample }) => ({ people: 1, families: 1, epoch: 0, until: sample.from + 3 * step, logged: false, ...sample }))

/** So many families' texts leave the heap together: texts that stay are what the garbage collector works on. */
const TOGETHER = 50

/**
 * Families as the commands and projections make them, at a tenth of the price: one is made by them, and the others get its rows with values of
 * their own in the place of its values. A second one shows that nothing else differs between two.
 */
export class FamilyTemplate {
  private constructor(
    private readonly tools: Tools,
    private readonly events: readonly { readonly type: string; readonly schemaVersion: number; readonly data: Template; readonly metadata: Template }[],
    private readonly lines: readonly { readonly table: string; readonly names: readonly string[]; readonly line: Template }[],
  ) {}

  /** Errors: where two families differ in more than is known here. */
  static async make(tools: Tools, scene: Scene, epoch: number): Promise<FamilyTemplate> {
    const [sample, other] = await Promise.all(SAMPLES.map((chunk) => sampleOf(tools, scene, { ...chunk, epoch })))
    const { values, append, lines } = sample!
    const events = append.map(({ type, schemaVersion, data, metadata }) => {
      return { type, schemaVersion, data: templateOf(data, values), metadata: templateOf(metadata, values) }
    })
    const template = new FamilyTemplate(
      tools,
      events,
      lines.map(({ text, ...rest }) => ({ ...rest, line: templateOf(text, values) })),
    )
    const rendered = template.#render(other!.values)
    for (const [n, { table, text }] of other!.lines.entries()) {
      if (rendered[n] !== text) throw new Error(`families differ in ${table} by more than the seeder knows:\n${rendered[n]}${text}`)
    }
    return template
  }

  /** The rows of all families of a chunk, whose people are made already. */
  async linesOf(chunk: Chunk, people: NewPeople): Promise<Lines[]> {
    const [texts, buffers] = [this.lines.map((): string[] => []), this.lines.map((): Buffer[] => [])]
    const lookups = new Map<string, string>()
    for (let n = 0; n < chunk.families; n++) {
      const rendered = this.#render(await this.#newFamily(chunk, people, lookups, n))
      for (const [at, text] of rendered.entries()) texts[at]!.push(text)
      if (n % TOGETHER < TOGETHER - 1 && n < chunk.families - 1) continue
      for (const [at, part] of texts.entries()) buffers[at]!.push(Buffer.from(part.splice(0).join('')))
    }
    return this.lines.map(({ table, names }, at) => ({ table, names, text: buffers[at]! }))
  }

  async #newFamily(chunk: Chunk, people: NewPeople, lookups: Map<string, string>, n: number): Promise<Values> {
    const { userId, origin } = deviceOf(chunk, n)
    // Sealed once for both events: half the price, and the same for whoever reads it.
    const sealed = people.seal(userId, origin)
    const [start, rotation] = [chunk.people + n, chunk.people + chunk.families + n]
    return valuesOf(chunk, start, rotation, {
      ...{ userId, familyId: newFamilyId(), salt: newSalt(), sessionId: newSessionId(), accessTokenId: randomUUID() },
      ...{ personKey: people.rowOf(userId).id, ...(await this.#lookupsOf(origin, lookups)) },
      ...{ startOrigin: sealed, rotationOrigin: sealed },
      ...{ startRequest: randomUUID(), rotationRequest: randomUUID() },
    })
  }

  async #lookupsOf({ ip, userAgent }: Origin, known: Map<string, string>): Promise<Lookups> {
    const address = known.get(ip) ?? (await lookupOf(this.tools, 'ip', ip))
    const browser = known.get(userAgent) ?? (await lookupOf(this.tools, 'user_agent', userAgent))
    known.set(ip, address).set(userAgent, browser)
    return { ip: address, userAgent: browser }
  }

  /** Its lines, with the hashes that follow. */
  #render({ texts, times }: Values): string[] {
    const all: Record<string, string> = { ...texts }
    const render = rendererFor({ texts: all, times })
    let hash = ZERO_HASH
    for (const [n, { type, schemaVersion, data, metadata }] of this.events.entries()) {
      const event = { streamId: streamIdOf(texts), version: n + 1, type, schemaVersion, data: render(data), metadata: render(metadata) }
      hash = eventHash(hash, event)
      all[`hash${n + 1}`] = hash.toString('hex')
    }
    return this.lines.map(({ line }) => render(line))
  }
}

const streamIdOf = ({ familyId }: Values['texts']): string => `refresh_token_family-${familyId}`

const valuesOf = (chunk: Chunk, start: number, rotation: number, texts: Values['texts']): Values => ({
  texts: {
    ...texts,
    ...{ xid: chunk.xid, startSequence: `${chunk.sequence + start}`, rotationSequence: `${chunk.sequence + rotation}` },
    ...{ position: `${chunk.position + rotation}` },
  },
  times: { start: timeOf(chunk, start), rotation: timeOf(chunk, rotation) },
})

/** What a device's row holds of its address and browser, in hex. */
interface Lookups {
  readonly ip: string
  readonly userAgent: string
}

const lookupOf = async ({ lookupKey }: Tools, kind: 'ip' | 'user_agent', value: string): Promise<string> =>
  (await deviceLookup(kind, value, (...asked) => lookupKey.of(...asked))).toString('hex')

interface Sample {
  readonly values: Values
  readonly append: Append['events']
  /** Of the family alone, in the order of writing; the two events apart, since others come between. */
  readonly lines: readonly TextLines[]
}

async function sampleOf(tools: Tools, scene: Scene, chunk: Chunk): Promise<Sample> {
  const made = await makeByCommands(tools, scene, chunk, 1)
  const [, started, rotated] = made.appends
  const append = [...started!.events, ...rotated!.events]
  const [data, exchange] = append.map((event) => JSON.parse(event.data) as object) as [FamilyStarted, RefreshTokenExchange]
  const [atStart, atRotation] = append.map((event) => JSON.parse(event.metadata) as { origin: string; correlationId: string })
  const familyId = started!.streamId.slice(streamIdOf({ familyId: '' }).length)
  const userId = userIdOf(chunk.firstPerson)
  const { ip, userAgent } = deviceOf(chunk, 0).origin
  const lookups = { ip: await lookupOf(tools, 'ip', ip), userAgent: await lookupOf(tools, 'user_agent', userAgent) }
  const { texts, times } = valuesOf(chunk, 1, 2, {
    ...{ userId, familyId, salt: data.salt, sessionId: data.sessionId!, accessTokenId: exchange.accessTokenId! },
    ...{ personKey: made.people.rowOf(userId).id, ...lookups },
    ...{ startOrigin: atStart!.origin, rotationOrigin: atRotation!.origin },
    ...{ startRequest: atStart!.correlationId, rotationRequest: atRotation!.correlationId },
  })
  const hashes = Object.fromEntries(append.map(({ hash }, n) => [`hash${n + 1}`, hash.toString('hex')]))
  return { values: { texts: { ...texts, ...hashes }, times }, append, lines: familyLines(tools, made, familyId) }
}

function familyLines({ columns }: Tools, { rows }: Made, familyId: string): TextLines[] {
  const each = [...rows].flatMap(([table, list]) => list.map((row) => linesOf(columns.get(table)!, [row])))
  return each.filter(({ text }) => text.includes(familyId))
}
