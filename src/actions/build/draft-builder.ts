import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common'
import { stop } from 'esbuild'
import { CONFIG, type Config } from '../../config.js'
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
export class DraftBuilder implements OnApplicationShutdown {
  readonly #log = new Logger('actions')
  readonly #sandbox: Sandbox
  readonly #registry: string

  constructor(@Inject(CONFIG) { settings }: Config) {
    const network = { mode: 'deny', allowedHosts: [], privateTargets: false } as const
    this.#sandbox = new Sandbox({ memoryMb: settings.actionsMemoryMb, poolSize: 1, network })
    this.#registry = settings.actionsRegistry
  }

  /** Never fails: a draft whose build nobody can finish must not wait for ever, nor others behind it. */
  async build(source: DraftSource): Promise<Built | { readonly problems: readonly BuildProblem[] }> {
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        return await buildDraft(source, { sandbox: this.#sandbox, registry: this.#registry })
      } catch (error) {
        // esbuild does not start its own program again once that has gone.
        await stop()
        this.#log.warn('a build broke off', { err: error, tries })
      }
    }
    return { problems: [BROKEN_OFF] }
  }

  onApplicationShutdown(): void {
    this.#sandbox.close()
  }
}
