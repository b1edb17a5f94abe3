import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { Deliveries } from './delivery/deliveries.js'
import { findLogStream, listLogStreams } from './log-stream-table.js'
import { noLogStream, UNSUPPORTED } from './write-log-streams.js'

/** Shows log streams. What a stream's secrets are is shown to nobody. Errors: ManagementError 404. */
@Injectable()
export class ReadLogStreams {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly deliveries: Deliveries,
  ) {}

  list(): Promise<object[]> {
    return listLogStreams(this.pool)
  }

  async find(id: string): Promise<object> {
    const document = await findLogStream(this.pool, id)
    if (!document) throw noLogStream()
    return document
  }

  async health(id: string): Promise<object> {
    const document = await findLogStream(this.pool, id)
    const found = await this.deliveries.health(id)
    if (!document || !found) throw noLogStream()
    const unsupported = { time: null, text: 'not supported by this installation' }
    return { status: document.status, ...found, errors: UNSUPPORTED.includes(document.type) ? [unsupported] : found.errors }
  }
}
