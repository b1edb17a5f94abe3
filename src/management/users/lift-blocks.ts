import { Injectable } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import { Audit } from '../../audit/audit.js'
import type { Context } from '../../event-store/event.js'
import { LiftLoginBlocks } from '../../users/index.js'

/** Opens accounts that wrong passwords have closed, and records which were. */
@Injectable()
export class LiftBlocks {
  constructor(
    private readonly commands: CommandBus,
    private readonly audit: Audit,
  ) {}

  /** Errors: the database's. */
  async lift(key: LiftLoginBlocks['key'], context: Context): Promise<void> {
    for (const opened of await this.commands.execute(new LiftLoginBlocks(key))) await this.audit.record({ type: 'AccountUnlocked', data: opened }, context)
  }
}
