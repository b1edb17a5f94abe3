import type { Decider } from '../event-store/event.js'
import { type AuditEvent, auditUpcasters } from './audit.events.js'

/** A fact that is worth saying once under its id, such as once a day, however many processes see it. */
export const notice: Decider<{ readonly given: boolean }, AuditEvent> = {
  streamType: 'notice',
  initial: { given: false },
  stateVersion: 1,
  upcasters: auditUpcasters,
  evolve: () => ({ given: true }),
}
