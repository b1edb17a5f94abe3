import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { CONFIG, type Config } from '../../config.js'
import { Sandbox } from '../sandbox/sandbox.js'
import { buildDraft, type Built, type DraftSource } from './build-draft.js'
import type { BuildProblem } from '../action/action.events.js'

/** Builds drafts with a sandbox of its own, in which nothing has a network. */
@Injectable()
export class DraftBuilder implements OnApplicationShutdown {
  readonly #sandbox: Sandbox
  readonly #registry: string

  constructor(@Inject(CONFIG) { settings }: Config) {
    const network = { mode: 'deny', allowedHosts: [], privateTargets: false } as const
    this.#sandbox = new Sandbox({ memoryMb: settings.actionsMemoryMb, poolSize: 1, network })
    this.#registry = settings.actionsRegistry
  }

  build(source: DraftSource): Promise<Built | { readonly problems: readonly BuildProblem[] }> {
    return buildDraft(source, { sandbox: this.#sandbox, registry: this.#registry })
  }

  onApplicationShutdown(): void {
    this.#sandbox.close()
  }
}
