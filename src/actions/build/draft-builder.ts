import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common'
import { stop } from 'esbuild'
import { CONFIG, type Config } from '../../config.js'
import { NotYetError } from '../../event-store/projection.js'
import { Sandbox } from '../sandbox/sandbox.js'
import { buildDraft, type Built, type DraftSource } from './build-draft.js'
import type { BuildProblem } from '../action/action.events.js'

const TRIES = 2
/** The machine failed, not the draft: sent again, it is built again. */
const BROKEN_OFF: BuildProblem = {
  id: 'build_broken_off',
  msg: 'The build broke off on this machine; the log of the service says why. Save the Action again to try once more.',
}

/** Builds drafts with a sandbox of its own, in which nothing has a network. */
@Injectable()
export class DraftBuilder implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #log = new Logger('actions')
  readonly #sandbox: Sandbox
  readonly #registry: string
  readonly #stop = new AbortController()

  constructor(@Inject(CONFIG) { settings }: Config) {
    const network = { mode: 'deny', allowedHosts: [], privateTargets: false } as const
    this.#sandbox = new Sandbox({ memoryMb: settings.actionsMemoryMb, poolSize: 1, network }, this.#log)
    this.#registry = settings.actionsRegistry
  }

  /**
   * A draft whose build nobody can finish must not wait for ever, nor others behind it: what keeps it from being built is the answer. Errors:
   * NotYetError when the service stops.
   */
  async build(source: DraftSource): Promise<Built | { readonly problems: readonly BuildProblem[] }> {
    const { signal } = this.#stop
    for (let tries = 1; tries <= TRIES; tries++) {
      if (signal.aborted) break
      try {
        const built = await buildDraft(source, { sandbox: this.#sandbox, registry: this.#registry, signal })
        if (!signal.aborted) return built
      } catch (error) {
        // esbuild does not start its own program again once that has gone.
        await stop()
        this.#log.warn('a build broke off', { err: error, tries })
      }
    }
    if (signal.aborted) throw new NotYetError('the service stops')
    return { problems: [BROKEN_OFF] }
  }

  /** Another process begins the build under way anew: to finish it can take longer than a stop may. */
  beforeApplicationShutdown(): void {
    this.#stop.abort()
  }

  onApplicationShutdown(): void {
    this.#sandbox.close()
  }
}
