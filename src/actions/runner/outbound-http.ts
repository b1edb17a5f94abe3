import type http from 'node:http'
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { currentGate, MAX_RESPONSE_BYTES, tooLarge } from './outbound.js'

/** What Node's http calls but does not document. */
interface AgentInside {
  addRequest(this: Agent, req: ClientRequest, ...options: unknown[]): void
}
interface RequestInside {
  onSocket(this: ClientRequest, socket: Socket | null, error?: unknown): void
}
interface ResponseInside {
  readonly _readableState: { highWaterMark: number }
}

type Http = typeof http
const limitedModules = new WeakSet<Http>()

/**
 * Puts the limits on requests of node:http, and so of node:https, whoever makes them. A request that has to wait waits where Node lets it wait: for a
 * socket of its agent. Other agents are asked to wait when they bring the socket.
 */
export function limitHttp(http: Http): void {
  if (limitedModules.has(http)) return
  limitedModules.add(http)
  const agent = http.Agent.prototype as unknown as AgentInside
  const request = http.ClientRequest.prototype as unknown as RequestInside
  const { addRequest } = agent
  const { onSocket } = request
  const entered = new WeakSet<ClientRequest>()

  function enter(req: ClientRequest, go: () => void): void {
    if (entered.has(req)) return go()
    entered.add(req)
    const begin = (leave: () => void): void => {
      req.once('close', leave)
      req.prependOnceListener('response', (res: IncomingMessage) => limitResponse(req, res, leave))
      try {
        go()
      } catch (error) {
        leave()
        throw error
      }
    }
    const gate = currentGate()
    const leave = gate.enter()
    if (leave) begin(leave)
    else
      void gate
        .turn()
        .then(begin)
        .catch((error: unknown) => onSocket.call(req, null, error))
  }

  agent.addRequest = function (req, ...options) {
    // Given up while it waited, it needs no connection to say so.
    enter(req, () => (req.destroyed ? onSocket.call(req, null) : addRequest.call(this, req, ...options)))
  }
  request.onSocket = function (socket, error) {
    if (socket && !error) enter(this, () => onSocket.call(this, socket))
    else onSocket.call(this, socket, error)
  }
}

/** Takes in the whole answer, whether somebody reads it or not, so that its end gives the place back. */
function limitResponse(req: ClientRequest, res: IncomingMessage, leave: () => void): void {
  const push = res.push.bind(res)
  let size = 0
  ;(res as unknown as ResponseInside)._readableState.highWaterMark = MAX_RESPONSE_BYTES + 1
  res.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
    if (chunk === null) leave()
    else if ((size += chunk.length) > MAX_RESPONSE_BYTES) {
      fail(res, tooLarge())
      return false
    }
    return push(chunk, encoding)
  }
  // Node throws away what nobody listens for, which it cannot see any more.
  if (req.listenerCount('response') === 0) res.resume()
}

/** Node's own way says first that the answer was broken off, and packages repeat what they hear first. */
function fail(res: IncomingMessage, error: Error): void {
  res._destroy = (_, done) => {
    res.socket.destroy(error)
    done(res.listenerCount('error') > 0 ? error : null)
  }
  res.destroy(error)
}
