import type { Context } from '../../event-store/event.js'

/** Who made Actions run, and from where, sealed; asked for where something is to be recorded. Fails as the sealing does. */
export type Cause = () => Promise<Context>

/** A cause as its caller has it. */
export const causeOf = (cause: Context | Cause): Cause => (typeof cause === 'function' ? cause : () => Promise.resolve(cause))
