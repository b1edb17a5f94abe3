/**
 * The practical floor of an exchange: a raw `node:http` server with two workers that makes two RS256 signatures of the usual length in the
 * thread pool, appends what an exchange appends by the store's own queue, and answers as much. It checks nothing, reads nothing and keeps
 * no read model. floor.ts starts it.
 */
import cluster from 'node:cluster'
import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { createPool, POOL_SIZE } from '../../../src/database/pool.js'
import { AppendQueue } from '../../../src/event-store/append-queue.js'
import { appendOf, streamOf } from '../append-statement.js'
import type { StoredRotation } from '../families.js'
import { FLOOR_TASK, type FloorTask, floorToken, placeOf } from './floor.js'

const WORKERS = 2
/** Of an RS256 token of the service: a `kid` is as long as this one. */
const HEADER = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'A'.repeat(43) })).toString('base64url')

const signInPool = promisify<string, Buffer, { key: KeyObject; padding: number }, Buffer>(sign)

const task = JSON.parse(process.env[FLOOR_TASK]!) as FloorTask
if (cluster.isPrimary) await startWorkers()
else serve()

async function startWorkers(): Promise<void> {
  const workers = Array.from({ length: WORKERS }, () => cluster.fork())
  await Promise.all(workers.map((worker) => once(worker, 'listening')))
  process.on('disconnect', () => process.exit(0))
  process.send!('ready')
}

function serve(): void {
  const pool = createPool(task.databaseUrl, POOL_SIZE)
  const queue = new AppendQueue(pool)
  const key = createPrivateKey(task.privateKey)
  const rotation: StoredRotation = { ...task.rotation, hash: Buffer.from(task.rotation.hash, 'base64') }
  const exchange = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { stream, version } = placeOf(new URLSearchParams(await textOf(req)).get('refresh_token')!)
    const now = new Date()
    const iat = Math.floor(now.getTime() / 1000)
    const [access_token, id_token] = await Promise.all([signed({ ...task.accessClaims, iat }, key), signed({ ...task.idClaims, iat }, key)])
    if ((await queue.append(appendOf(rotation, streamOf(stream), version + 1, now))) === 'conflict') throw new Error(`a conflict at version ${version}`)
    const body = JSON.stringify({
      access_token,
      id_token,
      scope: task.accessClaims['scope'],
      expires_in: 86_400,
      token_type: 'Bearer',
      refresh_token: floorToken(stream, version + 1),
    })
    res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' }).end(body)
  }
  const server = createServer((req, res) => {
    exchange(req, res).catch((error: unknown) => void res.writeHead(500, { 'Content-Length': 0 }).end(String(error)))
  })
  server.listen(task.port)
}

function textOf(req: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => resolve(Buffer.concat(chunks).toString()))
    req.on('error', reject)
  })
}

async function signed(claims: object, key: KeyObject): Promise<string> {
  const input = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  const signature = await signInPool('sha256', Buffer.from(input), { key, padding: constants.RSA_PKCS1_PADDING })
  return `${input}.${signature.toString('base64url')}`
}
