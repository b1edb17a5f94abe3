import type { Worker } from 'node:cluster'

/** A connection that the primary has accepted. */
interface Connection {
  close(): void
}

/** What node:cluster sends a worker with a connection, and what it hears when the worker has taken it. */
interface HandOver {
  readonly act?: string
  readonly seq?: number
  readonly ack?: number
}

/**
 * Closes connections that were on their way to a worker when it died. node:cluster keeps them open for ever without anyone who would answer
 * them: it closes a connection when the worker says that it took it, and a dead one says nothing. So their clients learn that no answer comes.
 */
export function closeUndelivered(worker: Worker): void {
  const underway = new Map<number, Connection>()
  const { process } = worker
  const send = process.send.bind(process) as (...message: unknown[]) => boolean
  process.send = (message: HandOver, connection?: unknown, ...rest: unknown[]): boolean => {
    if (message.act === 'newconn' && message.seq !== undefined) underway.set(message.seq, connection as Connection)
    return send(message, connection, ...rest)
  }
  process.on('internalMessage', ({ ack }: HandOver) => void (ack !== undefined && underway.delete(ack)))
  process.once('exit', () => {
    for (const connection of underway.values()) connection.close()
  })
}
