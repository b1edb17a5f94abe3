import net from 'node:net'

/** A way to a PostgreSQL server on which answers can get lost. */
export interface FlakyProxy {
  readonly url: string
  /** The next answer that the server gives to a statement containing `text` is swallowed and its connection cut. */
  loseAnswerTo(text: string): void
  readonly lost: number
  close(): Promise<void>
}

/** Forwards to the unix socket in `databaseUrl` from a port of its own. */
export async function flakyProxy(databaseUrl: string): Promise<FlakyProxy> {
  const { hostname, pathname, username } = new URL(databaseUrl)
  const target = `${decodeURIComponent(hostname)}/.s.PGSQL.5432`
  let doomed: string | undefined
  let lost = 0
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => {
    const upstream = net.connect(target)
    let cut = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk) => {
      if (doomed !== undefined && chunk.includes(doomed)) {
        doomed = undefined
        cut = true
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!cut) return void client.write(chunk)
      lost++
      client.destroy()
      upstream.destroy()
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  return {
    url: `postgres://${username}@127.0.0.1:${port}${pathname}`,
    loseAnswerTo: (text) => {
      doomed = text
    },
    get lost() {
      return lost
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
