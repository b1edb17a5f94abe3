import { type BeforeApplicationShutdown, Get, Res } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import type { Response } from 'express'
import { type LiveLine, WatchConsole } from '../../actions/index.js'
import { ManagementController } from '../management-controller.js'
import { Scopes } from '../scopes.js'

/** Proxies close connections on which nothing comes. */
const ALIVE_MS = 15_000
/** What waits for a watcher who does not read; further lines are lost to them, as to who comes later (spec/actions.md §6.4). */
const MAX_UNREAD_BYTES = 1_048_576
/** Whoever watches for longer shows their token again. */
const MAX_MS = 3_600_000

/** What Actions write, as it is written: server-sent events (spec/actions.md §6.4). */
@ManagementController('actions/logs')
export class ActionConsoleController implements BeforeApplicationShutdown {
  readonly #watching = new Set<Response>()

  constructor(private readonly queries: QueryBus) {}

  /** A stop waits for answers, and this one has no end of its own. */
  beforeApplicationShutdown(): void {
    for (const res of this.#watching) res.end()
  }

  @Get('stream')
  @Scopes('read:actions')
  async stream(@Res() res: Response): Promise<void> {
    const show = (line: LiveLine): void => {
      if (res.writableLength < MAX_UNREAD_BYTES) res.write(`event: log\ndata: ${JSON.stringify(line)}\n\n`)
    }
    const stop = await this.queries.execute(new WatchConsole(show))
    // Gone before it was listened for, or asked for headers alone.
    if (res.destroyed || res.req.method === 'HEAD') {
      stop()
      return void res.end()
    }
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    res.write(': watching\n\n')
    this.#watching.add(res)
    const alive = setInterval(() => void res.write(': alive\n\n'), ALIVE_MS)
    const end = setTimeout(() => res.end(), MAX_MS)
    res.once('close', () => {
      this.#watching.delete(res)
      clearInterval(alive)
      clearTimeout(end)
      stop()
    })
  }
}
