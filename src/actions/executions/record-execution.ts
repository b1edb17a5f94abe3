import { setImmediate as nextTurn } from 'node:timers/promises'
import { Injectable } from '@nestjs/common'
import { Audit } from '../../audit/audit.js'
import type { PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import { visitorsOf } from '../../keys/visitor.js'
import type { Cause } from '../run/cause.js'
import type { ActionRun } from '../run/run-action.js'
import { ExecutionLog, type ExecutionResult, type ExecutionStatus, type SealedTexts } from './execution-log.js'

/** What is kept of an Action's console (spec/actions.md §6.3). */
const MAX_KEPT = 256

interface FinishedExecution {
  readonly id: string
  readonly triggerId: string
  readonly status: ExecutionStatus
  readonly startedAt: Date
  readonly runs: readonly ActionRun[]
  /** What is to be told of one of the runs beside its end. */
  readonly warnings: (run: ActionRun) => readonly string[]
  /** Whose data the Actions saw; undefined for a client's. */
  readonly userId: string | undefined
  /** For facts about failures. */
  readonly cause: Cause
}

/** Writes down what came of an execution: its record, and a fact for each failure. */
@Injectable()
export class RecordExecution {
  constructor(
    private readonly audit: Audit,
    private readonly personKeys: PersonKeys,
    private readonly executions: ExecutionLog,
  ) {}

  /** Resolves when failures are committed. Errors: the database's. */
  async record({ id, triggerId, status, startedAt, runs, warnings, userId, cause }: FinishedExecution): Promise<void> {
    // Who was deleted meanwhile gets no new key.
    const seal = (value: unknown): Promise<PersonalData> =>
      userId === undefined ? this.personKeys.seal(visitorsOf(startedAt), value) : this.personKeys.sealIfKnown(userId, value)
    // Nobody waits for the record, so the answer goes first.
    const results = nextTurn().then(() => Promise.all(runs.map((run) => resultOf(run, warnings(run), seal))))
    this.executions.add(results.then((made) => ({ id, triggerId, status, results: made, startedAt })))
    for (const { action, failure } of runs) {
      if (!failure) continue
      const { name, code, message, stack } = failure.error
      const texts = await seal({ message, stack: stack ?? '' })
      await this.audit.record(
        {
          type: 'ActionExecutionFailed',
          data: {
            triggerId,
            executionId: id,
            actionId: action.actionId,
            actionName: action.name,
            versionId: action.versionId,
            bindingId: action.bindingId,
            errorClass: failure.class,
            error: { name, texts, ...(code !== undefined && { code }) },
          },
        },
        await cause(),
      )
    }
  }
}

async function resultOf(
  { action, startedAt, endedAt, lines, failure }: ActionRun,
  warnings: readonly string[],
  seal: (value: unknown) => Promise<PersonalData>,
): Promise<ExecutionResult> {
  const logs = lines
    .map(({ text }) => text)
    .join('\n')
    .slice(0, MAX_KEPT)
  const texts: SealedTexts = {
    ...(logs !== '' && { logs }),
    ...(failure && { error: { name: failure.error.name, message: failure.error.message } }),
    ...(warnings.length > 0 && { warnings }),
  }
  return {
    action_name: action.name,
    action_id: action.actionId,
    version_id: action.versionId,
    number: action.number,
    started_at: startedAt,
    ended_at: endedAt,
    failed: failure !== undefined,
    ...(Object.keys(texts).length > 0 && { sealed: await seal(texts) }),
  }
}
