import type { EventStore } from '../event-store/event-store.js'
import { isOrder } from './messages.js'
import { report } from './orders.js'

/** So long a change waits for processes that do not answer; they find out by asking (design §4: within a second). */
const KNOWN_MS = 500
/** Streams whose settings processes hold copies of. */
const HELD = /^(client|client_grant|resource_server|action|trigger_bindings)-/

/**
 * Makes the processes of an instance tell each other which settings they changed, so that whoever changed one through this process, and heard that
 * it is done, finds it changed by whichever process answers them next. To be called once per process.
 */
export function shareChanges(store: EventStore): void {
  const waiting = new Map<number, () => void>()
  let count = 0
  process.on('message', (message) => {
    if (!isOrder(message)) return
    if (message.type === 'known') waiting.get(message.id)?.()
    if (message.type !== 'changed') return
    store.changedElsewhere(message.streamId)
    report({ type: 'known', id: message.id, by: message.by })
  })
  store.onTablesChanged((streamId, here) => {
    if (!here || !HELD.test(streamId)) return undefined
    const id = ++count
    return new Promise((done) => {
      const known = (): void => {
        clearTimeout(late)
        waiting.delete(id)
        done()
      }
      const late = setTimeout(known, KNOWN_MS)
      waiting.set(id, known)
      report({ type: 'changed', id, streamId })
    })
  })
}
