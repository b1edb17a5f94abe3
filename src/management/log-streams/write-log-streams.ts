import { randomInt } from 'node:crypto'
import { Inject, Injectable } from '@nestjs/common'
import type { LogStreamDocument, LogStreamType, PersonalFields } from '../../audit/log-stream/log-stream.events.js'
import { changeLogStream, createLogStream, deleteLogStream, logStream, type LogStreamState } from '../../audit/log-stream/log-stream.js'
import { CONFIG, type Config } from '../../config.js'
import type { Context } from '../../event-store/event.js'
import { EventStore } from '../../event-store/event-store.js'
import { ManagementError } from '../../http/management-error.js'
import { RootKeys } from '../../keys/root-key.js'
import { cursorAt } from '../logs/log-cursor.js'
import { invalidBody } from '../validation/valid-body.js'
import { addLogStream, TooManyLogStreams, tryAtOnce, writeLogStream } from './log-stream-table.js'
import type { CreateLogStreamBody, LogStreamFields, UpdateLogStreamBody } from './log-streams.dto.js'
import { encryptSecrets } from './secrets.js'
import { needSecret, readSink, recipientOf, type SinkParts } from './sinks.js'

/** Makes, changes and deletes log streams for the Management API. Errors: ManagementError. */
@Injectable()
export class WriteLogStreams {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: EventStore,
    private readonly rootKeys: RootKeys,
  ) {}

  /** Answers the id. */
  async create(body: CreateLogStreamBody, context: Context): Promise<string> {
    const { type } = body
    const { sink, secrets } = this.#readSink(type, body.sink)
    needSecret(type, Object.keys(secrets))
    const id = `lst_${String(randomInt(1e8)).padStart(8, '0')}${String(randomInt(1e8)).padStart(8, '0')}`
    const document: LogStreamDocument = {
      ...{ id, name: body.name ?? type, type, status: UNSUPPORTED.includes(type) ? 'paused' : 'active', sink },
      ...{ filters: [...(body.filters ?? [])], isPriority: body.isPriority ?? false },
      ...(body.pii_config && { pii_config: personalFields(body.pii_config) }),
    }
    const encrypted = encryptSecrets(this.rootKeys, id, secrets)
    const from = startOf(body)
    try {
      await this.store.transact(
        logStream,
        id,
        (state) => createLogStream(state, document, Object.keys(secrets)),
        context,
        (db, state, now) => addLogStream(db, state, encrypted, from, this.config.settings.logStreamsMax, now),
      )
    } catch (error) {
      if (!(error instanceof TooManyLogStreams)) throw error
      throw new ManagementError(409, 'You have reached the maximum number of log streams for your account.', 'conflict')
    }
    return id
  }

  async update(id: string, body: UpdateLogStreamBody, context: Context): Promise<void> {
    const from = startOf(body)
    const { name, status, filters, isPriority, pii_config } = body
    const plain = {
      ...(name !== undefined && { name }),
      ...(status !== undefined && { status }),
      ...(filters !== undefined && { filters: [...filters] }),
      ...(isPriority !== undefined && { isPriority }),
      ...(pii_config !== undefined && { pii_config: pii_config === null ? undefined : personalFields(pii_config) }),
    }
    // Set by every decision; the last one is what was written.
    let fresh: SinkParts['secrets'] = {}
    const { result } = await this.store.transact(
      logStream,
      id,
      (state) => {
        if (state.status === 'absent') return changeLogStream(state, {})
        if (status === 'active' && UNSUPPORTED.includes(state.logStream.type)) throw invalidBody('No enum match for: active', 'status')
        if (body.sink === undefined) return changeLogStream(state, plain, undefined, from)
        const { parts, kept } = this.#changedSink(state, body.sink)
        fresh = parts.secrets
        return changeLogStream(state, { ...plain, sink: parts.sink }, { set: Object.keys(fresh), kept }, from)
      },
      context,
      async (db, state, now) => {
        await writeLogStream(db, id, state, encryptSecrets(this.rootKeys, id, fresh), now)
        await tryAtOnce(db, id, from)
      },
    )
    if (result === 'absent') throw noLogStream()
  }

  async delete(id: string, context: Context): Promise<void> {
    const { result } = await this.store.transact(
      logStream,
      id,
      (state) => deleteLogStream(state),
      context,
      (db, state, now) => writeLogStream(db, id, state, {}, now),
    )
    if (result === 'absent') throw noLogStream()
  }

  /** Secrets that were not sent stay, unless they would go to somebody else. */
  #changedSink({ logStream: before, secrets }: Extract<LogStreamState, { status: 'present' }>, sent: unknown): { parts: SinkParts; kept: string[] } {
    const { type } = before
    if (UNSUPPORTED.includes(type)) throw new ManagementError(400, `The sink of a log stream of type ${type} cannot be changed.`, 'operation_not_supported')
    const parts = this.#readSink(type, sent)
    const kept = recipientOf(type, parts.sink) === recipientOf(type, before.sink) ? parts.unsent.filter((name) => secrets.includes(name)) : []
    needSecret(type, [...kept, ...Object.keys(parts.secrets)])
    return { parts, kept }
  }

  #readSink(type: LogStreamType, sent: unknown): SinkParts {
    const { allowPrivateTargets, settings } = this.config
    const parts = readSink(type, sent)
    const addresses = [parts.sink['httpEndpoint'], parts.secrets['sumoSourceAddress']].filter((address) => typeof address === 'string')
    // Private targets are for development, where nobody has a certificate.
    if (!allowPrivateTargets && addresses.some((address) => !address.startsWith('https://'))) {
      throw invalidBody('String does not match pattern ^https://', 'sink.httpEndpoint')
    }
    if (type === 'file' && settings.logStreamsDirectory === undefined) throw notInstalled(type, 'LOG_STREAMS_DIRECTORY')
    if (type === 'nats' && settings.logStreamsNatsUrl === undefined) throw notInstalled(type, 'LOG_STREAMS_NATS_URL')
    return parts
  }
}

/** Kept for tools that bring them along, and never delivered to: they need accounts at clouds. */
export const UNSUPPORTED: readonly LogStreamType[] = ['eventbridge', 'eventgrid']

export const noLogStream = (): ManagementError => new ManagementError(404, 'The log stream does not exist.', 'inexistent_log_stream')

const notInstalled = (type: LogStreamType, variable: string): ManagementError =>
  new ManagementError(400, `Log streams of type ${type} need ${variable} in the environment of this installation.`, 'operation_not_supported')

/** The cursor that `startFrom` names: a log_id as it is, a time as the place before its first row. */
function startOf({ startFrom }: Pick<LogStreamFields, 'startFrom'>): string | undefined {
  if (startFrom === undefined) return undefined
  return /^\d+$/.test(startFrom) ? startFrom : cursorAt(new Date(startFrom))
}

const personalFields = ({ log_fields, method, algorithm }: PersonalFields): PersonalFields => ({
  log_fields: [...new Set(log_fields)],
  ...(method && { method }),
  ...(algorithm && { algorithm }),
})
