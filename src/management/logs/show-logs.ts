import { Injectable } from '@nestjs/common'
import { QueryBus } from '@nestjs/cqrs'
import { FindPlaces } from '../../actions/index.js'
import { showLog } from './log.dto.js'
import type { OpenedRow } from './tenant-logs.js'

/**
 * Shows rows of the log with the place of their address, as the operator's file tells it at that moment: none is kept, so an erased person's rows
 * have none. Log streams leave it out (spec/logs.md §1.2).
 */
@Injectable()
export class ShowLogs {
  constructor(private readonly queries: QueryBus) {}

  async many(rows: readonly OpenedRow[]): Promise<object[]> {
    const places = await this.queries.execute(new FindPlaces(rows.map(({ values }) => values.ip ?? '')))
    return rows.map(({ row, values }, n) => showLog(row, values, places[n]?.geoip))
  }
}
