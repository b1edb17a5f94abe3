import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { eventually } from './eventually.js'
import { freePort } from './service.js'

export interface StoredMessage {
  readonly id: string
  readonly seal: string
  readonly body: string
}

/** A NATS server with a JetStream stream for the subject `audit.log`. */
export interface NatsServer {
  readonly url: string
  stored(): Promise<StoredMessage[]>
  /** Ends without a word, and comes back with what it had acknowledged. */
  crash(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The machine's own nats-server: NATS_SERVER, or one on the path; undefined where there is none. */
export function natsServerBinary(): string | undefined {
  const binary = process.env['NATS_SERVER'] ?? 'nats-server'
  try {
    execFileSync(binary, ['--version'], { stdio: 'ignore' })
    return binary
  } catch {
    return undefined
  }
}

export async function realNats(binary: string): Promise<NatsServer> {
  const [port, folder] = [await freePort(), mkdtempSync(path.join(os.tmpdir(), 'evergrant-nats-'))]
  const url = `nats://someone:a%20password@127.0.0.1:${port}`
  const start = () =>
    spawn(binary, ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', folder, '--user', 'someone', '--pass', 'a password'], { stdio: 'ignore' })
  const connected = () => connect({ servers: `127.0.0.1:${port}`, user: 'someone', pass: 'a password', reconnect: false })
  let child = start()
  const end = async (): Promise<void> => {
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGKILL')
    await ended
  }
  const setUp = await eventually(connected)
  await (await jetstreamManager(setUp)).streams.add({ name: 'AUDIT', subjects: ['audit.log'] })
  await setUp.close()
  return {
    url,
    async stored() {
      const connection = await connected()
      const { streams } = await jetstreamManager(connection)
      const { messages } = (await streams.info('AUDIT')).state
      const found: StoredMessage[] = []
      for (let seq = 1; seq <= messages; seq++) {
        const message = (await streams.getMessage('AUDIT', { seq }))!
        found.push({ id: message.header.get('Nats-Msg-Id'), seal: message.header.get('Evergrant-Seal'), body: message.string() })
      }
      await connection.close()
      return found
    },
    crash: end,
    async restart() {
      child = start()
      await eventually(async () => (await connected()).close().then(() => true))
    },
    async stop() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As much of the NATS client protocol and of JetStream as a publisher sees: for machines without the real one. */
export async function smallNats(): Promise<NatsServer> {
  const messages: StoredMessage[] = []
  const sockets = new Set<Socket>()
  const serve = (socket: Socket): void => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    let inbox = ''
    socket.write('INFO {"server_id":"small","version":"2.10.0","proto":1,"max_payload":1048576,"headers":true,"jetstream":true}\r\n')
    const take = (): boolean => {
      const end = received.indexOf('\r\n')
      if (end < 0) return false
      const [verb, ...words] = received.subarray(0, end).toString().split(' ')
      const size = verb === 'HPUB' ? Number(words.at(-1)) + 2 : 0
      if (received.length < end + 2 + size) return false
      const payload = received.subarray(end + 2, end + 2 + size - 2)
      received = received.subarray(end + 2 + size)
      if (verb === 'PING') socket.write('PONG\r\n')
      if (verb === 'SUB') inbox = words.at(-1)!
      if (verb === 'HPUB') store(words, payload)
      return true
    }
    const store = ([subject, reply, headerSize]: string[], payload: Buffer): void => {
      // Nobody listens there: what the server says for JetStream.
      if (subject !== 'audit.log') return void socket.write(`HMSG ${reply} ${inbox} 16 16\r\nNATS/1.0 503\r\n\r\n\r\n`)
      const header = payload.subarray(0, Number(headerSize)).toString()
      const valueOf = (name: string): string => new RegExp(`^${name}: *(.*)\r$`, 'm').exec(header)![1]!
      const known = messages.findIndex(({ id }) => id === valueOf('Nats-Msg-Id'))
      if (known < 0) messages.push({ id: valueOf('Nats-Msg-Id'), seal: valueOf('Evergrant-Seal'), body: payload.subarray(Number(headerSize)).toString() })
      const ack = JSON.stringify({ stream: 'AUDIT', seq: known < 0 ? messages.length : known + 1, ...(known >= 0 && { duplicate: true }) })
      socket.write(`MSG ${reply} ${inbox} ${ack.length}\r\n${ack}\r\n`)
    }
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data])
      while (take());
    })
  }
  let server = createServer(serve)
  const port = await freePort()
  const listen = () => new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  const end = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise((done) => server.close(done))
  }
  await listen()
  return {
    url: `nats://127.0.0.1:${port}`,
    stored: () => Promise.resolve([...messages]),
    crash: end,
    async restart() {
      server = createServer(serve)
      await listen()
    },
    stop: end,
  }
}
