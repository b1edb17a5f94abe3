import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs'
import { type LiveLine, LiveLog } from '../executions/live-log.js'

/** Calls `hear` with each line that an Action writes from now on, in any process; answers what ends it. */
export class WatchConsole extends Query<() => void> {
  constructor(readonly hear: (line: LiveLine) => void) {
    super()
  }
}

@QueryHandler(WatchConsole)
export class WatchConsoleHandler implements IQueryHandler<WatchConsole> {
  constructor(private readonly live: LiveLog) {}

  execute({ hear }: WatchConsole): Promise<() => void> {
    return this.live.watch(hear)
  }
}
