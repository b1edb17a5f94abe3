import { Get, Inject, Param, Query, Res } from '@nestjs/common'
import type { Response } from 'express'
import { CONFIG, type Config } from '../../config.js'
import { CatchUp } from '../../event-store/catch-up.js'
import { ManagementError } from '../../http/management-error.js'
import { ManagementController } from '../management-controller.js'
import { pick, readFields } from '../paging/fields.js'
import { behind } from '../refresh-tokens/behind.js'
import { BOTH_PAGES, FIELDS, PAGES, Parameters } from '../parameters.js'
import { Scopes } from '../scopes.js'
import type { QueryParameters } from '../validation/query.js'
import { LogProofs } from './log-proofs.js'
import { type CheckpointRead, checkpointRead, searching, searchRead } from './log-requests.js'
import { ShowLogs } from './show-logs.js'
import { type OpenedRow, TenantLogs } from './tenant-logs.js'
import { tenantLogsProjection } from './tenant-logs.projection.js'

/** The log as Auth0 shows it (spec/logs.md §3). */
@ManagementController()
export class LogsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly logs: TenantLogs,
    private readonly show: ShowLogs,
    private readonly proofs: LogProofs,
    private readonly catchUp: CatchUp,
  ) {}

  @Get('logs')
  @Scopes('read:logs', 'read:logs_users')
  @Parameters('q', 'search', 'sort', ...BOTH_PAGES, ...FIELDS)
  async list(@Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    const checkpoint = checkpointRead(query)
    return checkpoint ? this.#readOn(checkpoint, res) : this.#search(query, res)
  }

  /** By a log_id, or by what a write answered as its `X-Log-Position`. */
  @Get('logs/:id')
  @Scopes('read:logs', 'read:logs_users')
  async find(@Param('id') id: string, @Res({ passthrough: true }) res: Response): Promise<object> {
    await this.#wait(res)
    const [log] = await this.show.many([await this.#found(id)])
    return log!
  }

  /** What an auditor verifies a row with, trusting the log's key alone (docs/audit.md). It holds the event as it was hashed. */
  @Get('logs/:id/proof')
  @Scopes('read:logs')
  async proof(@Param('id') id: string, @Res({ passthrough: true }) res: Response): Promise<object> {
    await this.#wait(res)
    const { row } = await this.#found(id)
    const proof = await this.proofs.of(row.log_id)
    if (!proof) throw new ManagementError(404, 'The event of this log is not in the event log any more.')
    return proof
  }

  /** A user who is not there (any more) has the log that they left. */
  @Get('users/:id/logs')
  @Scopes('read:logs', 'read:logs_users')
  @Parameters('sort', ...PAGES)
  async ofUser(@Param('id') userId: string, @Query() query: QueryParameters, @Res({ passthrough: true }) res: Response): Promise<object> {
    return this.#search(query, res, userId)
  }

  async #found(id: string): Promise<OpenedRow> {
    const logId = await this.proofs.logId(id)
    const found = logId === undefined ? undefined : await this.logs.find(logId)
    if (!found) throw new ManagementError(404, 'Log not found.')
    return found
  }

  async #readOn({ from, take }: CheckpointRead, res: Response): Promise<object> {
    await this.#wait(res)
    const rows = await this.logs.after(from, take)
    const last = rows.at(-1)?.row.log_id
    // At the end the link stays where it is: collectors poll it (spec/logs.md §3.1).
    res.setHeader('Link', `<${this.config.issuer}api/v2/logs?from=${last ?? from}&take=${take}>; rel="next"`)
    return this.show.many(rows)
  }

  async #search(query: QueryParameters, res: Response, userId?: string): Promise<object> {
    const fields = readFields(query)
    const { query: asked, order, page, limit } = searchRead(query)
    const wanted = userId === undefined ? asked : ({ kind: 'and', parts: [{ kind: 'term', field: 'user_id', text: userId }, asked] } as const)
    await this.#wait(res)
    const rows = await searching(() => this.logs.search(wanted, order, { limit, offset: page.offset }))
    const found = (await this.show.many(rows)).map((log) => pick(log, fields))
    const { offset: start, totals } = page
    // Auth0 counts the page, not the log.
    return totals ? { start, limit: page.limit, length: found.length, total: found.length, logs: found } : found
  }

  async #wait(res: Response): Promise<void> {
    if (!(await this.catchUp.caughtUp(tenantLogsProjection.name))) behind(res)
  }
}
