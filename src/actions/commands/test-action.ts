import { Inject } from '@nestjs/common'
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { CONFIG, type Config } from '../../config.js'
import { RootKeys } from '../../keys/root-key.js'
import { ActionRows } from '../action/action-rows.js'
import { decryptSecrets } from '../action/secrets.js'
import { sampleEvent } from '../event/sample-event.js'
import { ActionsSandbox } from '../run/actions-sandbox.js'
import { redactor } from '../run/run-action.js'
import { MAX_CONSOLE, type RunError } from '../runner/frames.js'
import type { Command as ActionCommand } from '../rules/commands.js'

/** What a test run shows (spec/actions.md §8.4). Member names are Auth0's as far as it has any. */
interface TestedAction {
  readonly commands: readonly ActionCommand[]
  readonly logs: string
  readonly error?: RunError
  readonly stats: { readonly action_duration_ms: number; readonly boot_duration_ms: number }
}

/** Runs the draft with its secrets on an example, changed by the payload; nothing comes of it. Answers undefined for no such Action. */
export class TestAction extends Command<TestedAction | undefined> {
  constructor(
    readonly id: string,
    readonly payload: Readonly<Record<string, unknown>>,
  ) {
    super()
  }
}

const ENTRYPOINTS: Readonly<Record<string, string>> = {
  'post-login': 'onExecutePostLogin',
  'credentials-exchange': 'onExecuteCredentialsExchange',
  'custom-token-exchange': 'onExecuteCustomTokenExchange',
  'post-user-registration': 'onExecutePostUserRegistration',
  'pre-user-registration': 'onExecutePreUserRegistration',
  'post-change-password': 'onExecutePostChangePassword',
  'send-phone-message': 'onExecuteSendPhoneMessage',
  'password-reset-post-challenge': 'onExecutePostChallenge',
  'custom-phone-provider': 'onExecuteCustomPhoneProvider',
  'custom-email-provider': 'onExecuteCustomEmailProvider',
}
const CONTINUES = 'onContinuePostLogin'

@CommandHandler(TestAction)
export class TestActionHandler implements ICommandHandler<TestAction> {
  constructor(
    private readonly rows: ActionRows,
    private readonly rootKeys: RootKeys,
    private readonly sandbox: ActionsSandbox,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async execute({ id, payload }: TestAction): Promise<TestedAction | undefined> {
    const row = await this.rows.find(id)
    if (!row) return undefined
    const trigger = row.document.draft.trigger.id
    const secrets = decryptSecrets(this.rootKeys, id, row.encrypted_secrets)
    const program = { id: `test ${id}`, trigger, code: row.code, bundle: row.bundle_code ?? undefined, secrets, allowedHosts: row.document.draft.allowedHosts }
    const redact = redactor(secrets)
    let logs = ''
    const onLog = (_: string, text: string): void => {
      if (logs.length < MAX_CONSOLE) logs += `${redact(text)}\n`
    }
    const { __entrypoint: asked, ...given } = payload
    // Auth0's tools send the event as a member; the specification also calls the payload itself the event, and no event has such a member.
    const { event = given } = given
    const shown = sampleEvent(trigger, typeof event === 'object' && event !== null ? (event as Record<string, unknown>) : {})
    const entrypoint = asked === CONTINUES && trigger === 'post-login' ? CONTINUES : ENTRYPOINTS[trigger]!
    const metadata = (shown['refresh_token'] as { metadata?: Record<string, string> } | undefined)?.metadata ?? {}
    const job = { entrypoint, event: shown, context: { refreshTokenMetadata: metadata, cache: {}, commands: 0 }, onLog }
    const started = performance.now()
    const outcome = await this.sandbox.runOnce(program, job, started + this.config.settings.actionsTimeoutMs)
    const stats = { action_duration_ms: performance.now() - started, boot_duration_ms: 0 }
    if (outcome.kind !== 'done') return { commands: [], logs, error: { name: 'Error', message: FAILED[outcome.kind] }, stats }
    const { commands, error, bootMs, runMs } = outcome.report
    const thrown = error && { ...error, message: redact(error.message), ...(error.stack !== undefined && { stack: redact(error.stack) }) }
    return { commands, logs, ...(thrown && { error: thrown }), stats: { action_duration_ms: runMs, boot_duration_ms: bootMs } }
  }
}

const FAILED = {
  timeout: 'The execution of an Action timed out.',
  memory: 'The execution of an Action exceeded its memory limit.',
  unavailable: 'The Actions runtime is unavailable.',
} as const
