// A service process without HTTP, for crash.spec.ts: redeems refresh tokens, and may seal and project. Reports each acknowledged exchange.
import { createPool } from '../../dist/src/database/pool.js'
import { BackgroundWorker } from '../../dist/src/event-store/background-worker.js'
import { EventStore } from '../../dist/src/event-store/event-store.js'
import { LogKey } from '../../dist/src/keys/log-key.js'
import { PersonKeys } from '../../dist/src/keys/person-keys.js'
import { personalValues } from '../../dist/src/keys/personal-values.js'
import { RootKeys } from '../../dist/src/keys/root-key.js'
import { projections } from '../../dist/src/projections.js'
import { IssueRefreshToken, IssueRefreshTokenHandler } from '../../dist/src/tokens/commands/issue-refresh-token.js'
import { RedeemRefreshToken, RedeemRefreshTokenHandler } from '../../dist/src/tokens/commands/redeem-refresh-token.js'

const { databaseUrl, encryptionKey, families, background } = JSON.parse(process.argv[2])
const pool = createPool(databaseUrl, 6)
const store = new EventStore(pool)
const rootKeys = new RootKeys([Buffer.from(encryptionKey, 'base64')])
const personKeys = new PersonKeys(pool, store, rootKeys)
const issue = new IssueRefreshTokenHandler(store, rootKeys, personKeys)
const redeem = new RedeemRefreshTokenHandler(store, rootKeys, personKeys)
const policy = { absoluteSeconds: 3600, idleSeconds: 600, leewaySeconds: 300 }
const origin = { ip: '203.0.113.7', userAgent: 'crash test' }
let stopping = false

async function untilReachable(work) {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (stopping) return undefined
      process.send({ kind: 'error', message: error.message })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function client(family) {
  if (!family.token) {
    const issued = await untilReachable(() =>
      issue.execute(
        new IssueRefreshToken(
          { userId: `auth0|${family.name}`, clientId: 'app', sessionId: null, audience: null, scope: ['offline_access'], rotating: true },
          policy,
          origin,
        ),
      ),
    )
    if (!issued) return
    family.token = issued.refreshToken
    process.send({ kind: 'issued', name: family.name, familyId: issued.familyId, token: issued.refreshToken })
  }
  while (!stopping) {
    const redeemed = await untilReachable(() => redeem.execute(new RedeemRefreshToken(family.token, 'app', policy, origin)))
    if (!redeemed) return
    if (redeemed.kind === 'refused') return process.send({ kind: 'refused', name: family.name, why: redeemed.why })
    family.token = redeemed.refreshToken
    process.send({ kind: 'redeemed', name: family.name, token: redeemed.refreshToken })
  }
}

let worker
if (background) {
  const signer = await untilReachable(() => LogKey.load(pool, rootKeys))
  const log = {
    warn: () => undefined,
    error: (message, detail) => process.send({ kind: 'background-error', message, detail: String(detail.err) }),
  }
  worker = new BackgroundWorker(pool, signer, projections, [], log, personalValues(pool, rootKeys))
  worker.start()
}
const running = Promise.all(families.map(client))
process.on('message', async (order) => {
  stopping = true
  await running
  if (order === 'rest') return process.send({ kind: 'resting' })
  await worker?.stop()
  await pool.end()
  process.disconnect()
})
