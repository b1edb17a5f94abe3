import { currentGate, MAX_RESPONSE_BYTES, tooLarge } from './outbound.js'

type Fetch = typeof globalThis.fetch

/** Puts the limits around the global `fetch`. What it answers is the platform's Response; only its body comes by way of a count. */
export function limitFetch(): void {
  const native = globalThis.fetch
  const fetch: Fetch = async (input, init) => {
    const signal = init?.signal === undefined && input instanceof Request ? input.signal : init?.signal
    const gate = currentGate()
    const leave = gate.enter() ?? (await gate.turn(signal))
    try {
      return limited(await native(input, init), leave)
    } catch (error) {
      leave()
      throw error
    }
  }
  Object.defineProperty(globalThis, 'fetch', { value: fetch, writable: true, enumerable: true, configurable: true })
}

function limited(response: Response, leave: () => void): Response {
  if (response.body) return likeTheFirst(new Response(counted(response.body, leave), { headers: response.headers }), response)
  leave()
  return response
}

const OF_THE_ANSWER = ['status', 'statusText', 'ok', 'url', 'redirected', 'type', 'headers'] as const

/** A Response that is made has no address, and not every status. */
function likeTheFirst(made: Response, first: Response): Response {
  for (const name of OF_THE_ANSWER) Object.defineProperty(made, name, { value: first[name], configurable: true })
  const clone = (): Response => likeTheFirst(Response.prototype.clone.call(made), first)
  return Object.defineProperty(made, 'clone', { value: clone, writable: true, configurable: true })
}

/**
 * The same bytes, up to the limit. They are fetched whether somebody reads them or not: whoever only looks at the status, as Actions do, would keep
 * the place until the execution ends.
 */
function counted(body: ReadableStream<Uint8Array>, leave: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const pump = async (controller: ReadableByteStreamController): Promise<void> => {
    let size = 0
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        size += value.byteLength
        if (size > MAX_RESPONSE_BYTES) throw tooLarge()
        if (value.byteLength > 0) controller.enqueue(value)
      }
      controller.close()
      controller.byobRequest?.respond(0)
    } catch (error) {
      // Also when nobody wants it any more, which has closed the stream: then this changes nothing.
      controller.error(error)
      reader.cancel(error).catch(() => undefined)
    } finally {
      leave()
    }
  }
  return new ReadableStream({
    type: 'bytes',
    start: (controller) => void pump(controller),
    cancel: (reason) => {
      leave()
      return reader.cancel(reason)
    },
  })
}
