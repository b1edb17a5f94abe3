import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly body: string
}

const END_OF_HEAD = '\r\n\r\n'

/** One kept-alive connection, one request at a time, and no more of HTTP/1.1 than the answers of a bench need: it shares the machine with who is measured. */
export class RawClient {
  #received = ''
  #waiting: { readonly resolve: (answer: RawAnswer) => void; readonly reject: (error: Error) => void } | undefined

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(text))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
  }

  static async to(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** `request` is all that goes over the wire. Errors: a connection that ends, an answer without Content-Length. */
  ask(request: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.socket.write(request)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.socket.destroy()
  }

  #take(text: string): void {
    this.#received += text
    const head = this.#received.indexOf(END_OF_HEAD)
    if (head < 0) return
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, head))?.[1]
    if (length === undefined) return void this.socket.destroy(new Error(`an answer without its length: ${this.#received}`))
    const from = head + END_OF_HEAD.length
    if (this.#received.length < from + Number(length)) return
    const answer = { status: Number(this.#received.slice(9, 12)), body: this.#received.slice(from) }
    this.#received = ''
    this.#waiting?.resolve(answer)
  }
}
