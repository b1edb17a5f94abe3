/**
 * A thing that happened, in the words of the trade. Plain data; dates are ISO strings; no secret, personal values only as PersonalData.
 * `cause` adds to the context of its command, where the events of one append have several.
 */
export interface Event {
  readonly type: string
  readonly data: object
  readonly cause?: Context
}

/** A value encrypted under one person's key (keys/person-keys.ts): safe to store, unreadable once the key is destroyed. */
export type PersonalData = string & { readonly __brand: 'PersonalData' }

/** Who caused an event and in which request. `at` is added by the store from the database's clock. */
export interface Context {
  readonly actor?: string
  readonly clientId?: string
  readonly userId?: string
  readonly sessionId?: string
  /** `Origin`, sealed. */
  readonly origin?: PersonalData
  /** The connection that the person logged in through. */
  readonly connection?: string
  readonly organizationId?: string
  readonly audience?: string
  readonly hostname?: string
  readonly auth0Client?: object
  readonly correlationId?: string
  readonly causationId?: string
  /** The Actions that wanted it. */
  readonly actions?: ExecutionFacts
  /** Hears where the last of the events stands, once they are committed. The one member that is not stored. */
  readonly onAppended?: (mark: Mark) => void
}

/** Which of the operator's Actions took part, so that an event can say what changed because of which version of which code. */
export interface ExecutionFacts {
  /** For `details.actions.executions` of log entries; absent where nothing was bound. */
  readonly id?: string
  /** `decided` names what was asked for, without values. Member names are Auth0's. */
  readonly actions: readonly { readonly action_id: string; readonly version_id: string; readonly number: number; readonly decided: readonly string[] }[]
}

/** Where a request came from. */
export interface Origin {
  readonly ip: string
  readonly userAgent: string
  /** What an application calls the device at its login; only with what the login brings. */
  readonly deviceName?: string
}

export interface Metadata extends Context {
  readonly at: string
}

/** An event as it stands in its stream, already in its newest shape. */
export type StoredEvent<E extends Event = Event> = E & {
  readonly streamId: string
  readonly version: number
  readonly metadata: Metadata
}

/** An event with its place in the log: positions are 1..N without a gap. */
export type SealedEvent<E extends Event = Event> = StoredEvent<E> & { readonly position: number }

/** What a command decided: the events to append, and what to tell the caller. */
export interface Decision<E extends Event, R> {
  readonly events: readonly E[]
  readonly result: R
  /** Adds to the context of its command what depends on the state, such as whose key seals the origin. Asked once there are events to append. */
  readonly cause?: () => Context | Promise<Context>
  /** Another stream of the kind, under an id that nobody else could have used: it begins in the same transaction, or nothing happens. */
  readonly starts?: { readonly id: string; readonly events: readonly E[] }
}

/** Per event type the chain of functions old → new. A type's schema version is the length of its chain plus one. */
export type Upcasters<E extends Event> = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each link has its own old shape
  readonly [T in E['type']]: readonly ((old: any) => object)[]
}

/** What is read together with a stream's row: an SQL expression over the row `s`. */
export interface Companion {
  readonly name: string
  readonly sql: string
}

/** What an append depends on beside its own stream: that nothing has come under one of the keys since `after` (docs/adr/0004-ending-many-refresh-tokens.md). */
export interface Guard {
  readonly keys: readonly string[]
  readonly after: Date
}

/** How a stream's state follows from its events. `evolve` is pure; state survives JSON. */
export interface Decider<S, E extends Event> {
  readonly streamType: string
  readonly initial: S
  /** Raised whenever `evolve` or the state's shape changes: older rows are folded again from their events. */
  readonly stateVersion: number
  readonly upcasters: Upcasters<E>
  /** Read together with the row, in the same statement: an SQL expression over the row `s`, answered to the decision as it was at that moment. */
  readonly companion?: Companion
  /** What decisions and readers see of the stream, given its companion; its own state goes on to be what its events say. */
  seen?(state: S, companion: unknown): S
  /** What appends depend on: one that was overtaken is a conflict, and is decided again. */
  guards?(state: S, companion: unknown): readonly Guard[]
  /** The key of guards that these events come under: their append waits for those under way that depend on it, and whatever depends on it waits for them. */
  guardKey?(id: string, events: readonly E[]): string | undefined
  evolve(state: S, event: E, metadata: Metadata): S
}

/** A place in commit order: every event with a smaller or equal mark was visible when it was taken. */
export interface Mark {
  readonly epoch: number
  readonly xid: string
  readonly sequence: number
}

/** Where the events of one append stand: the mark of the last one, and the sequence of each; epoch and transaction are the same for all. */
export interface Appended extends Mark {
  readonly sequences: readonly number[]
}

/** `refresh_token_family` and `rt_…` → `refresh_token_family-rt_…`. */
export const streamName = (streamType: string, id: string): string => `${streamType}-${id}`

/** The id in a stream's name. */
export const idIn = (streamId: string): string => streamId.slice(streamId.indexOf('-') + 1)

/** The newest shape of stored data. Throws for a type or version that this code does not know. */
export function upcast<E extends Event>(upcasters: Upcasters<E>, type: string, schemaVersion: number, data: object): E {
  const chain = Object.hasOwn(upcasters, type) ? upcasters[type as E['type']] : undefined
  if (!chain || schemaVersion < 1 || schemaVersion > chain.length + 1) throw new Error(`unknown event ${type} of schema version ${schemaVersion}`)
  return { type, data: chain.slice(schemaVersion - 1).reduce((old, step) => step(old), data) } as unknown as E
}

/** The version that new events of a type are written with. */
export const schemaVersion = <E extends Event>(upcasters: Upcasters<E>, type: E['type']): number => upcasters[type].length + 1
