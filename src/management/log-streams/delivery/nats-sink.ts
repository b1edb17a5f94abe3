import type { JetStreamClient } from '@nats-io/jetstream'
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import type { DeliveredLog } from './delivered-log.js'

const TIMEOUT_MS = 5000

interface Connected {
  readonly connection: NatsConnection
  readonly client: JetStreamClient
  readonly headers: () => MsgHdrs
}

/** Publishes to JetStream. One connection, made when it is needed and again after it was lost: who publishes tries again anyway. */
export class NatsSink {
  #connected: Promise<Connected> | undefined

  constructor(private readonly url: string) {}

  /**
   * One message an event, each acknowledged before the next is sent, so that they are stored in order. Its `Nats-Msg-Id` is the log_id: within
   * the stream's window for duplicates a message that comes again is stored once. Errors: whatever keeps JetStream from acknowledging.
   */
  async publish(subject: string, logs: readonly DeliveredLog[], seal: string): Promise<void> {
    try {
      const { client, headers } = await (this.#connected ??= this.#connect())
      const sent = headers()
      sent.set('Evergrant-Seal', seal)
      for (const log of logs) await client.publish(subject, JSON.stringify(log), { msgID: log.log_id, headers: sent, timeout: TIMEOUT_MS })
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const connected = this.#connected
    this.#connected = undefined
    await connected?.then(({ connection }) => connection.close()).catch(() => undefined)
  }

  /** The client is loaded here: most services publish nothing by it. */
  async #connect(): Promise<Connected> {
    const [{ connect, headers }, { jetstream }] = await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')])
    const { protocol, host, username, password } = new URL(this.url)
    const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)]
    const connection = await connect({
      servers: host,
      name: 'evergrant log stream',
      timeout: TIMEOUT_MS,
      reconnect: false,
      // Other members of the cluster are the operator's to name.
      ignoreClusterUpdates: true,
      ...(protocol === 'tls:' && { tls: {} }),
      // An address with one part before the @ holds a token.
      ...(user !== '' && (pass === '' ? { token: user } : { user, pass })),
    })
    return { connection, client: jetstream(connection), headers }
  }
}
