import type { Readable } from 'node:stream'
import { type EndLine, EXPORT_FORMAT, type EventLine, type HeaderLine, readKeys, readLine, readSeal } from './export-format.js'
import { ZERO_HASH } from '../hashes.js'
import { type LogBlock, type LogEvent, LogFlaw, type LogKey, type LogSource, type LogStart } from './log-source.js'

/** No seal lists more events; a file that shows more without a seal between is not held in memory. */
const MAX_EVENTS_PER_SEAL = 10_000

type Lines = AsyncIterator<string, undefined>

/** Opens an export, reading its header. Errors: LogFlaw when it has none. */
export async function openExport(file: Readable): Promise<ExportFile> {
  const lines: Lines = linesOf(file)
  const { value, done } = await lines.next()
  const notAnExport = (reason: string): LogFlaw => new LogFlaw({ kind: 'file', reason: `line 1: ${reason}` })
  if (done) throw notAnExport('the file is empty')
  try {
    const header = readLine(value)
    if (header.kind !== 'header' || header.format !== EXPORT_FORMAT) throw new Error(`is not the header of an ${EXPORT_FORMAT} file`)
    return new ExportFile(header, readKeys(header), lines)
  } catch (error) {
    throw notAnExport((error as Error).message)
  }
}

/** They end with a line feed. Node's readline, of some versions, ends one at the separators of Unicode too, which may stand in a JSON text. */
async function* linesOf(file: Readable): AsyncGenerator<string, undefined> {
  let begun: string[] = []
  for await (const text of file.setEncoding('utf8') as AsyncIterable<string>) {
    const [first, ...others] = text.split('\n')
    begun.push(first!)
    for (const other of others) {
      yield begun.join('')
      begun = [other]
    }
  }
  const last = begun.join('')
  if (last !== '') yield last
}

/**
 * A log in an export file. Remembers the newest hash of each stream, so memory grows with the number of streams, not of events.
 * In a part of a log, what came before the part is taken from the event's line, once per stream: the event's own hash covers it.
 */
class ExportFile implements LogSource {
  readonly start: LogStart
  readonly issuer: string
  readonly #streams = new Map<string, { version: number; hash: string }>()
  #lineNumber = 1

  constructor(
    header: HeaderLine,
    readonly keys: ReadonlyMap<string, LogKey>,
    private readonly lines: Lines,
  ) {
    this.issuer = header.issuer
    this.start = { number: header.previousSeal, position: header.previousPosition, hash: Buffer.from(header.previousSealHash, 'hex') }
  }

  get streams(): number {
    return this.#streams.size
  }

  async *blocks(): AsyncGenerator<LogBlock> {
    let { position } = this.start
    let counts = { seals: 0, events: 0 }
    let events: LogEvent[] = []
    for (;;) {
      const { value, done } = await this.lines.next()
      const next = position + events.length + 1
      if (done) throw new LogFlaw({ kind: 'missing', position: next, reason: 'the file was cut off: it has no end line' })
      this.#lineNumber++
      const line = this.#parse(value, next)
      if (line.kind === 'event') {
        events.push(this.#event(line, next))
        if (events.length > MAX_EVENTS_PER_SEAL) throw this.#flaw(next, `more than ${MAX_EVENTS_PER_SEAL} events without a seal`)
      } else if (line.kind === 'seal') {
        const seal = readSeal(line)
        if (Number.isNaN(seal.sealedAt.getTime())) throw this.#flaw(next, 'sealedAt is not a time')
        yield { events, seal }
        counts = { seals: counts.seals + 1, events: counts.events + events.length }
        position = seal.lastPosition
        events = []
      } else if (line.kind === 'end') return await this.#end(line, counts, events, next)
      else throw this.#flaw(next, 'a second header')
    }
  }

  #parse(text: string, position: number): ReturnType<typeof readLine> {
    try {
      return readLine(text)
    } catch (error) {
      throw this.#flaw(position, (error as Error).message)
    }
  }

  #event(line: EventLine, place: number): LogEvent {
    const { position, streamId, version, type, schemaVersion, data, metadata, previousHash } = line
    const known = this.#streams.get(streamId)
    this.#streams.set(streamId, { version, hash: line.hash })
    const event = { streamId, version, type, schemaVersion, data, metadata, hash: Buffer.from(line.hash, 'hex') }
    const previous = version === 1 ? ZERO_HASH : previousHash ? Buffer.from(previousHash, 'hex') : undefined
    if (known ? known.version !== version - 1 : version !== 1 && this.start.position === 0) {
      return { ...event, previous: undefined, flaw: `its predecessor, version ${version - 1}, is missing before it` }
    }
    if (known && previousHash !== known.hash) return { ...event, previous, flaw: `its previous hash is not the one of version ${version - 1}` }
    if (position !== place) return { ...event, previous, flaw: `its line says position ${position}` }
    return { ...event, previous }
  }

  async #end(line: EndLine, counts: { seals: number; events: number }, events: readonly LogEvent[], position: number): Promise<void> {
    if (events.length > 0) throw this.#flaw(position - events.length, 'events without a seal')
    if (line.seals !== counts.seals || line.events !== counts.events) {
      throw this.#flaw(
        position,
        `the end line counts ${line.events} events in ${line.seals} seals, the file has ${counts.events} in ${counts.seals}`,
        'missing',
      )
    }
    if (!(await this.lines.next()).done) throw this.#flaw(position, 'something follows the end line')
  }

  #flaw(position: number, reason: string, kind: 'file' | 'missing' = 'file'): LogFlaw {
    return new LogFlaw({ kind, position, reason: `line ${this.#lineNumber} of the file: ${reason}` })
  }
}
