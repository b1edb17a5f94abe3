import { constants, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import pg from 'pg'
import { load, ownCpu } from '../load.js'
import { alone, type Bench, type Figures, type Group } from '../row.js'

export const RS256 = 'RS256 signature'
export const COMMIT = 'commit of a one-row update'

/** The length of an access token's header and claims. */
const SIGNED_BYTES = 300

export const bounds: Group = {
  name: 'bounds',
  about:
    'What the machine gives at best: RS256 signatures (2048 bits, made in the thread pool), and the smallest commit, each connection updating its own row.',
  rows: [...alone(RS256, signatures), ...alone(COMMIT, commits)],
}

async function signatures({ pace }: Bench, callers: number): Promise<Figures> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const input = Buffer.alloc(SIGNED_BYTES, 'x')
  const key = { key: privateKey, padding: constants.RSA_PKCS1_PADDING }
  return load(pace, { service: ownCpu }, callers, () => signInPool('sha256', input, key))
}

const signInPool = promisify<string, Buffer, { key: KeyObject; padding: number }, Buffer>(sign)

async function commits({ cluster, pace }: Bench, callers: number): Promise<Figures> {
  const template = await cluster.template('one_row_each', async (url) => {
    const client = new pg.Client(url)
    await client.connect()
    await client.query('create table bounds (id integer primary key, n integer not null) with (fillfactor = 50)')
    await client.query('insert into bounds select n, 0 from generate_series(0, 31) as n')
    await client.end()
  })
  return cluster.onCopy(template, async (url) => {
    const clients = Array.from({ length: callers }, () => new pg.Client(url))
    try {
      await Promise.all(clients.map((client) => client.connect()))
      const update = { name: 'update', text: 'update bounds set n = n + 1 where id = $1' }
      return await load(pace, { service: ownCpu, database: cluster.cpu }, callers, (caller) => clients[caller]!.query({ ...update, values: [caller] }))
    } finally {
      await Promise.all(clients.map((client) => client.end()))
    }
  })
}
