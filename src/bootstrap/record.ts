import type { Context } from '../event-store/event.js'
import type { EventStore } from '../event-store/event-store.js'
import { INSTALLATION_ID, installation, type InstallationEvent, provided } from './installation.js'

/** Who the log says it was. */
export const BY_BOOTSTRAP: Context = { actor: 'bootstrap' }

export async function record(store: EventStore, event: InstallationEvent): Promise<void> {
  await store.transact(installation, INSTALLATION_ID, (state) => provided(state, event), BY_BOOTSTRAP)
}
