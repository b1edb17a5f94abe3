import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import pg from 'pg'
import type { LogStreamDocument } from '../../../audit/log-stream/log-stream.events.js'
import { CONFIG, type Config } from '../../../config.js'
import { logSeal, SEAL_COLUMNS, type SealRow } from '../../../event-store/verification/database-log.js'
import { checkpointDocument } from '../../../event-store/verification/log-checkpoint.js'
import { postOutbound } from '../../../http/outbound.js'
import { LogKey, publicKeyOf, publicKeys } from '../../../keys/log-key.js'
import { RootKeys } from '../../../keys/root-key.js'
import { positionIn } from '../../logs/log-cursor.js'
import type { DeliveredLog } from './delivered-log.js'
import { appendToFile } from './file-sink.js'
import { httpDelivery } from './http-requests.js'
import { signMessage } from './message-signature.js'
import { NatsSink } from './nats-sink.js'

const TIMEOUT_MS = 10_000

/** An answer that is no success. */
export class RefusedDelivery extends Error {
  constructor(readonly status: number) {
    super(`answered with status ${status}`)
  }
}

/** Sends batches to sinks. Each carries the seal that covers its last event, as a checkpoint that `verify` takes (docs/audit.md). */
@Injectable()
export class SendLogs implements OnApplicationShutdown {
  #signer: Promise<LogKey> | undefined
  #nats: NatsSink | undefined

  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    @Inject(CONFIG) private readonly config: Config,
    private readonly rootKeys: RootKeys,
  ) {}

  /** Resolves when the sink has it. Errors: RefusedDelivery; whatever kept it from answering. */
  async send(stream: LogStreamDocument, secrets: Readonly<Record<string, string>>, logs: readonly DeliveredLog[], signal: AbortSignal): Promise<void> {
    const { logStreamsDirectory, logStreamsNatsUrl } = this.config.settings
    const seal = await this.#sealOver(logs.at(-1)!)
    const sealText = Buffer.from(JSON.stringify(seal)).toString('base64url')
    const request = httpDelivery(stream, secrets)
    if (request) return this.#post(request(logs), sealText, signal)
    if (stream.type === 'file' && logStreamsDirectory !== undefined) return appendToFile(logStreamsDirectory, String(stream.sink['fileName']), logs, seal)
    if (stream.type === 'nats' && logStreamsNatsUrl !== undefined) {
      this.#nats ??= new NatsSink(logStreamsNatsUrl)
      return this.#nats.publish(String(stream.sink['natsSubject']), logs, sealText)
    }
    throw new Error(`log streams of type ${stream.type} are not supported by this installation`)
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#nats?.close()
  }

  async #post(request: Parameters<typeof signMessage>[0], seal: string, signal: AbortSignal): Promise<void> {
    this.#signer ??= LogKey.load(this.pool, this.rootKeys).catch((error: unknown) => {
      this.#signer = undefined
      throw error
    })
    const signed = await signMessage(request, seal, Math.floor(Date.now() / 1000), await this.#signer)
    const { allowPrivateTargets: allowPrivate } = this.config
    const headers = { ...request.headers, ...signed }
    const status = await postOutbound(new URL(request.url), { headers, body: request.body, timeoutMs: TIMEOUT_MS, allowPrivate, signal })
    if (status < 200 || status > 299) throw new RefusedDelivery(status)
  }

  async #sealOver({ log_id }: DeliveredLog): Promise<object> {
    const [row] = (
      await this.pool.query<SealRow>({
        name: 'seal-over-position',
        text: `select ${SEAL_COLUMNS} from seals where last_position >= $1 order by last_position limit 1`,
        values: [positionIn(log_id)],
      })
    ).rows
    const key = (await publicKeys(this.pool)).find(({ id }) => id === row?.key_id)
    if (!row || !key) throw new Error('no seal covers the log yet')
    return checkpointDocument(this.config.issuer, logSeal(row), publicKeyOf(key))
  }
}
