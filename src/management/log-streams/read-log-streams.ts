import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { LogStreamDocument } from '../../audit/log-stream/log-stream.events.js'
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

  async list(): Promise<object[]> {
    return (await listLogStreams(this.pool)).map(withPartner)
  }

  async find(id: string): Promise<object> {
    const document = await findLogStream(this.pool, id)
    if (!document) throw noLogStream()
    return withPartner(document)
  }

  async health(id: string): Promise<object> {
    const document = await findLogStream(this.pool, id)
    const found = await this.deliveries.health(id)
    if (!document || !found) throw noLogStream()
    const unsupported = { time: null, text: 'not supported by this installation' }
    return { status: document.status, ...found, errors: UNSUPPORTED.includes(document.type) ? [unsupported] : found.errors }
  }
}

/** What the cloud would call the other end of the stream (spec/management-api.md §2.14): there is none, and tools ask for its name. */
function withPartner(document: LogStreamDocument): LogStreamDocument {
  const { id, type, sink } = document
  if (type === 'eventbridge') return { ...document, sink: { ...sink, awsPartnerEventSource: `aws.partner/auth0.com/${id}/auth0.logs` } }
  if (type === 'eventgrid') return { ...document, sink: { ...sink, azurePartnerTopic: id.replace('_', '-') } }
  return document
}
