import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { Audit } from '../../audit/audit.js'
import type { Context, PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { visitorsOf } from '../../keys/visitor.js'
import { LiftLoginBlocks } from '../../users/index.js'

/** Opens accounts that wrong passwords have closed, and records which were. */
@Injectable()
export class LiftBlocks {
  constructor(
    private readonly commands: CommandBus,
    private readonly audit: Audit,
    private readonly keys: PersonKeys,
  ) {}

  /** Errors: the database's. */
  async lift(key: LiftLoginBlocks['key'], context: Context): Promise<void> {
    for (const { userId, connection } of await this.commands.execute(new LiftLoginBlocks(key))) {
      const data = userId === undefined ? await this.#typed(key) : { userId }
      await this.audit.record({ type: 'AccountUnlocked', data }, { ...context, connection })
    }
  }

  /** Of nobody, as a failed login tells it: under the key of the day's visitors. */
  async #typed(key: LiftLoginBlocks['key']): Promise<{ userName?: PersonalData }> {
    return 'identifier' in key ? { userName: await this.keys.seal(visitorsOf(), key.identifier.slice(0, 320)) } : {}
  }
}
