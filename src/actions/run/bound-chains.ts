import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common'
import pg from 'pg'
import { CONFIG, type Config } from '../../config.js'
import { EventStore } from '../../event-store/event-store.js'
import { RootKeys } from '../../keys/root-key.js'
import { RUNNING_TRIGGERS } from '../triggers.js'
import type { BoundAction } from './bound-action.js'
import { readChain, readVersions } from './chain-rows.js'
import { ActionsSandbox } from './actions-sandbox.js'

/** The age at which what is held is compared with its streams again, and the one beyond which nobody uses it before it was. */
const RENEW_MS = 400
const TRUST_MS = 750

interface Held {
  readonly actions: readonly BoundAction[]
  /** The streams that it follows from, with their versions in the same snapshot. */
  readonly versions: ReadonlyMap<string, number>
  readonly checkedAt: number
}

/**
 * What is bound to the triggers that run, as it was less than a second ago, with decrypted secrets. A change of this process counts at once.
 * Runners of a new version are up before it is used, so no request waits for it or is lost.
 */
@Injectable()
export class BoundChains implements OnApplicationBootstrap {
  readonly #log = new Logger('actions')
  readonly #held = new Map<string, Held>()
  readonly #looking = new Map<string, Promise<Held>>()
  /** Ids of programs, by trigger. */
  readonly #programs = new Map<string, readonly string[]>()
  readonly #runs: boolean
  /** How often something was dropped: what was read before a change must not be held after it. */
  #drops = 0

  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly rootKeys: RootKeys,
    private readonly sandbox: ActionsSandbox,
    @Inject(CONFIG) { part }: Config,
    store: EventStore,
  ) {
    this.#runs = part === 'http'
    store.onTablesChanged((streamId) => {
      if (/^(action|trigger_bindings)-/.test(streamId)) this.#drop()
    })
  }

  /** So that the first login after a start finds its Actions running. */
  onApplicationBootstrap(): void {
    if (!this.#runs) return
    for (const trigger of RUNNING_TRIGGERS) this.of(trigger).catch((error: unknown) => this.#log.warn('Actions could not be started yet', { err: error }))
  }

  /** The Actions of a trigger in the order of execution. Errors: the database's; those of RootKeys.decrypt. */
  async of(trigger: string): Promise<readonly BoundAction[]> {
    const held = this.#held.get(trigger)
    const age = held ? performance.now() - held.checkedAt : Number.POSITIVE_INFINITY
    if (held && age < RENEW_MS) return held.actions
    const look = this.#look(trigger, held)
    if (held && age < TRUST_MS) {
      // Asked again at the next use, and waited for once it is too old.
      look.catch(() => undefined)
      return held.actions
    }
    return (await look).actions
  }

  #drop(): void {
    this.#drops++
    this.#held.clear()
    this.#looking.clear()
  }

  /** Those who ask at the same time share the answer. */
  #look(trigger: string, held: Held | undefined): Promise<Held> {
    const looking = this.#looking.get(trigger)
    if (looking) return looking
    const look = (held ? this.#renew(trigger, held) : this.#load(trigger)).finally(() => {
      if (this.#looking.get(trigger) === look) this.#looking.delete(trigger)
    })
    this.#looking.set(trigger, look)
    return look
  }

  async #renew(trigger: string, held: Held): Promise<Held> {
    const [checkedAt, drops] = [performance.now(), this.#drops]
    const versions = await readVersions(this.pool, [...held.versions.keys()])
    const same = [...held.versions].every(([stream, version]) => (versions.get(stream) ?? 0) === version)
    if (!same || drops !== this.#drops) return this.#load(trigger)
    const renewed = { ...held, checkedAt }
    this.#held.set(trigger, renewed)
    return renewed
  }

  async #load(trigger: string): Promise<Held> {
    const [checkedAt, drops] = [performance.now(), this.#drops]
    const { actions, versions } = await readChain(this.pool, this.rootKeys, trigger)
    const programs = actions.map(({ program }) => program)
    await this.sandbox.prewarm(programs)
    const held = { actions, versions, checkedAt }
    if (drops !== this.#drops) return held
    this.#held.set(trigger, held)
    this.#programs.set(
      trigger,
      programs.map(({ id }) => id),
    )
    this.sandbox.retire(new Set([...this.#programs.values()].flat()))
    return held
  }
}
