import { open, readFile, rename, rm } from 'node:fs/promises'
import type pg from 'pg'
import { postOutbound } from '../../http/outbound.js'
import { publicKeyOf, publicKeys } from '../../keys/log-key.js'
import { logSeal, SEAL_COLUMNS, type SealRow } from './database-log.js'
import { type LogCheckpoint, readCheckpoint, writeCheckpoint } from './log-checkpoint.js'

const POST_MS = 10_000

type Published = Pick<LogCheckpoint, 'sealNumber' | 'sealHash' | 'lastPosition'>

/** Where checkpoints go: a file that is replaced each time, a URL that each is posted to, or both. */
interface CheckpointTargets {
  readonly file: string | undefined
  readonly url: string | undefined
  /** The `Authorization` header of the posts. */
  readonly authorization: string | undefined
}

/** The log does not hold the checkpoint that was published last: its tail was cut off, or it was rewritten. Nothing is published over it. */
export class LostCheckpointError extends Error {}

/**
 * Publishes the newest seal as a checkpoint, away from the database: whoever cuts off the log's tail cannot change it, and `verify --checkpoint`
 * finds the cut. A checkpoint in the file is replaced by one that continues it, and by nothing else; so it is with what this process has posted.
 */
export class CheckpointPublisher {
  /** The newest that the URL has taken from this process. */
  #posted: Published | undefined

  constructor(
    private readonly pool: pg.Pool,
    private readonly issuer: string,
    private readonly targets: CheckpointTargets,
  ) {}

  /** Safe to repeat. Errors: LostCheckpointError; what keeps the file or the URL from taking it; the database's. */
  async publish(): Promise<void> {
    const { file, url } = this.targets
    const held = file === undefined ? undefined : await readHeld(file)
    if (held) await this.#checkHeld(held, 'of the checkpoint file')
    if (this.#posted) await this.#checkHeld(this.#posted, 'that was posted')
    const [head] = (await this.pool.query<SealRow>(`select ${SEAL_COLUMNS} from seals order by number desc limit 1`)).rows
    if (!head) return
    const key = (await publicKeys(this.pool)).find(({ id }) => id === head.key_id)
    if (!key) throw new LostCheckpointError(`seal ${head.number} is signed by the unknown key ${head.key_id}`)
    const text = writeCheckpoint(this.issuer, logSeal(head), publicKeyOf(key))
    if (file !== undefined && head.number > (held?.sealNumber ?? 0)) await replaceFile(file, text)
    if (url !== undefined && head.number > (this.#posted?.sealNumber ?? 0)) {
      await this.#post(url, text)
      this.#posted = { sealNumber: head.number, sealHash: head.hash, lastPosition: head.last_position }
    }
  }

  async #checkHeld({ sealNumber, sealHash, lastPosition }: Published, which: string): Promise<void> {
    const { rows } = await this.pool.query<{ hash: Buffer }>('select hash from seals where number = $1', [sealNumber])
    if (rows[0]?.hash.equals(sealHash)) return
    const what = rows[0] ? 'is another one' : 'is missing'
    throw new LostCheckpointError(`the log was cut off or rewritten: seal ${sealNumber} (up to position ${lastPosition}) ${which} ${what}`)
  }

  async #post(url: string, body: string): Promise<void> {
    const { authorization } = this.targets
    const headers = { 'Content-Type': 'application/json', ...(authorization !== undefined && { Authorization: authorization }) }
    // The operator chose the address in the environment, so it may be a private one.
    const status = await postOutbound(new URL(url), { headers, body, timeoutMs: POST_MS, allowPrivate: true })
    if (status < 200 || status > 299) throw new Error(`the checkpoint was answered with status ${status}`)
  }
}

/** Undefined for a file that is not there yet. Errors: what is wrong with one that is. */
async function readHeld(file: string): Promise<LogCheckpoint | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return readCheckpoint(text)
  } catch (cause) {
    throw new LostCheckpointError(`LOG_CHECKPOINT_FILE holds no checkpoint: ${(cause as Error).message}`, { cause })
  }
}

/** There is always a whole checkpoint, also after a crash. */
async function replaceFile(file: string, text: string): Promise<void> {
  const next = `${file}.${process.pid}.new`
  try {
    const handle = await open(next, 'w', 0o644)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(next, file)
  } catch (error) {
    await rm(next, { force: true })
    throw error
  }
}
