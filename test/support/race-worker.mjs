// A service process without HTTP, for rotation-race.spec.ts: redeems one refresh token many times at once.
import { createPool } from '../../dist/src/database/pool.js'
import { EventStore } from '../../dist/src/event-store/event-store.js'
import { PersonKeys } from '../../dist/src/keys/person-keys.js'
import { RootKeys } from '../../dist/src/keys/root-key.js'
import { IssueRefreshToken, IssueRefreshTokenHandler } from '../../dist/src/tokens/commands/issue-refresh-token.js'
import { RedeemRefreshToken, RedeemRefreshTokenHandler } from '../../dist/src/tokens/commands/redeem-refresh-token.js'

const { databaseUrl, encryptionKey } = JSON.parse(process.argv[2])
const pool = createPool(databaseUrl, 10)
const store = new EventStore(pool)
const rootKeys = new RootKeys([Buffer.from(encryptionKey, 'base64')])
const personKeys = new PersonKeys(pool, store, rootKeys)
const origin = { ip: '203.0.113.7', userAgent: 'race' }

process.on('message', async ({ issue, redeem, count, leewaySeconds }) => {
  const policy = { absoluteSeconds: 3600, idleSeconds: null, leewaySeconds }
  if (issue) {
    const grant = { userId: 'auth0|u', clientId: 'app', sessionId: null, audience: null, scope: [], rotating: true }
    return process.send(await new IssueRefreshTokenHandler(store, rootKeys, personKeys).execute(new IssueRefreshToken(grant, policy, origin)))
  }
  const handler = new RedeemRefreshTokenHandler(store, rootKeys, personKeys)
  const redeemOnce = () => handler.execute(new RedeemRefreshToken(redeem, 'app', policy, origin))
  process.send(await Promise.all(Array.from({ length: count }, redeemOnce)))
})
