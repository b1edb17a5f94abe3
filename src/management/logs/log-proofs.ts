import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import { CatchUp } from '../../event-store/catch-up.js'
import { isAppended, placeOf, readPositionText } from '../../event-store/log-position.js'
import { NotYetError } from '../../event-store/projection.js'
import { sealDocument } from '../../event-store/verification/export-format.js'
import { type InclusionProof, proveInclusion } from '../../event-store/verification/inclusion-proof.js'
import { publicKeys } from '../../keys/log-key.js'
import { positionIn } from './log-cursor.js'
import { LogIds } from './log-ids.js'
import { tenantLogsProjection } from './tenant-logs.projection.js'

const PROOF_FORMAT = 'evergrant-proof-1'

/** Proves to auditors what the log says (docs/audit.md). As far as the log has come: who needs the newest waits first. */
@Injectable()
export class LogProofs {
  constructor(
    @Inject(pg.Pool) private readonly pool: pg.Pool,
    private readonly ids: LogIds,
    private readonly catchUp: CatchUp,
  ) {}

  /** A log_id as it is; for the text of a header `X-Log-Position` the log_id of what was written there, if anything was. Errors: NotYetError. */
  async logId(text: string): Promise<string | undefined> {
    const mark = readPositionText(text)
    if (!mark) return text
    const hasCome = await this.catchUp.caughtUp(tenantLogsProjection.name, 0, mark)
    if (!hasCome && (await isAppended(this.pool, mark))) throw new NotYetError(`the log does not hold ${text} yet`)
    const place = await placeOf(this.pool, mark)
    return place && (await this.ids.of([place]))[0]
  }

  /** The proof for a row of the log, which the caller has found. Undefined where its event is missing. */
  async of(logId: string): Promise<object | undefined> {
    const proof = await proveInclusion(this.pool, positionIn(logId))
    if (!proof) return undefined
    const key = (await publicKeys(this.pool)).find(({ id }) => id === proof.seal.keyId)
    return showProof(logId, proof, key?.public_key)
  }
}

/** Member names are those of exports and checkpoints, so that one recipe reads them all. Hashes are hex, other bytes base64. */
const showProof = (logId: string, { position, eventHash, path, leafIndex, treeSize, seal, event }: InclusionProof, publicKey: Buffer | undefined): object => ({
  format: PROOF_FORMAT,
  log_id: logId,
  position,
  event: {
    streamId: event.streamId,
    version: event.version,
    type: event.type,
    schemaVersion: event.schemaVersion,
    data: event.data,
    metadata: event.metadata,
    previousHash: event.previous.toString('hex'),
  },
  eventHash: eventHash.toString('hex'),
  leafIndex,
  treeSize,
  path: path.map(({ side, hash }) => ({ side, hash: hash.toString('hex') })),
  seal: sealDocument(seal),
  key: { kid: seal.keyId, publicKey: publicKey?.toString('base64') ?? null },
})
