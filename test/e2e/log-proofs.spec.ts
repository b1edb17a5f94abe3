import { createHash, createPublicKey, verify } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { aClient, anApi, aPerson, authorizeUrl, CALLBACK, PASSWORD } from '../support/people.js'
import { stalled } from '../support/stalled.js'
import { answerOf, Visitor } from '../support/visitor.js'

let service: TestApp
beforeAll(async () => {
  service = await startApp()
})
afterAll(() => service.close())

/** A write, and where it says that it stands in the log. */
async function write(name: string): Promise<string> {
  const { status, headers } = await service.api('POST', 'roles', { name })
  expect(status).toBe(200)
  return headers.get('x-log-position')!
}
const get = (path: string) => service.api('GET', path)
const logKeys = async (): Promise<Json[]> => ((await (await fetch(`${service.url}.well-known/evergrant-log-key`)).json()) as Json).keys

/** The recipe of docs/audit.md with nothing of this service but the key: answers what does not hold. */
function flawOf(proof: Json, publicKey: string): string | undefined {
  const sha256 = (...parts: (string | Buffer)[]): Buffer =>
    createHash('sha256')
      .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
      .digest()
  const { event, seal } = proof
  const eventLines = [event.previousHash, event.streamId, event.version, event.type, event.schemaVersion, event.data, event.metadata]
  const eventHash = sha256(['evergrant-event-1', ...eventLines].join('\n'))
  if (eventHash.toString('hex') !== proof.eventHash) return 'event'
  let node = sha256('\x00', eventHash)
  for (const { side, hash } of proof.path) {
    const neighbour = Buffer.from(hash, 'hex')
    node = side === 'left' ? sha256('\x01', neighbour, node) : sha256('\x01', node, neighbour)
  }
  if (node.toString('hex') !== seal.merkleRoot) return 'path'
  if (proof.position !== seal.firstPosition + proof.leafIndex || Number(proof.log_id.slice(20, 54)) !== proof.position) return 'position'
  const { number, firstPosition, lastPosition, epoch, xid, sequence, merkleRoot, previousHash, sealedAt } = seal
  const sealLines = [number, firstPosition, lastPosition, epoch, xid, sequence, merkleRoot, previousHash, sealedAt]
  const sealHash = sha256(['evergrant-seal-1', ...sealLines].join('\n'))
  if (sealHash.toString('hex') !== seal.hash) return 'seal'
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return verify(null, sealHash, key, Buffer.from(seal.signature, 'base64')) ? undefined : 'signature'
}

it('proves each of many rows, in seals of every size, to whoever has the key alone', async () => {
  await Promise.all(Array.from({ length: 25 }, (_, n) => write(`proved ${n}`)))
  const { body: logs } = await get('logs?q=description:"Create%20a%20role"')
  expect(logs).toHaveLength(25)
  const [key] = await logKeys()
  for (const { log_id } of logs) {
    const { status, body } = await get(`logs/${log_id}/proof`)
    expect({ status, format: body.format, flaw: flawOf(body, key.publicKey), kid: body.key.kid }).toEqual({
      status: 200,
      format: 'evergrant-proof-1',
      flaw: undefined,
      kid: key.kid,
    })
  }
})

it('holds by the recipe that auditors are given, in a process that has nothing else', async () => {
  const [, recipe] = /```js\n([^]+?)```/.exec(readFileSync('docs/audit.md', 'utf8'))!
  const { body: proof } = await get(`logs/${await write('by the recipe')}/proof`)
  const [{ publicKey }] = await logKeys()
  const code = `${recipe}
    const { proof, publicKey } = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'))
    const planted = { ...proof, event: { ...proof.event, data: proof.event.data.replace('recipe', 'planted') } }
    process.stdout.write(JSON.stringify([holds(proof, publicKey), holds(planted, publicKey)]))`
  const told = execFileSync(process.execPath, ['--input-type=module', '--eval', code], { input: JSON.stringify({ proof, publicKey }) })
  expect(JSON.parse(told.toString())).toEqual([true, false])
})

it('does not prove what was changed, wherever', async () => {
  const { body: proof } = await get(`logs/${await write('changed')}/proof`)
  const [{ publicKey }] = await logKeys()
  const other = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1)
  expect(flawOf(proof, publicKey)).toBeUndefined()
  expect(flawOf({ ...proof, event: { ...proof.event, data: proof.event.data.replace('changed', 'planted') } }, publicKey)).toBe('event')
  expect(flawOf({ ...proof, seal: { ...proof.seal, merkleRoot: other(proof.seal.merkleRoot) } }, publicKey)).toBe('path')
  expect(flawOf({ ...proof, seal: { ...proof.seal, lastPosition: proof.seal.lastPosition + 1 } }, publicKey)).toBe('seal')
  expect(flawOf({ ...proof, position: proof.position + 1 }, publicKey)).toBe('position')
  expect(flawOf({ ...proof, seal: { ...proof.seal, signature: Buffer.alloc(64, 7).toString('base64') } }, publicKey)).toBe('signature')
})

describe('X-Log-Position', () => {
  it('leads from every write to its own row and proof, also where many are committed together', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `positioned ${n}`)
    const positions = await Promise.all(names.map(write))
    expect(new Set(positions).size).toBe(20)
    for (const [n, position] of positions.entries()) {
      const { body: log } = await get(`logs/${position}`)
      expect(log).toMatchObject({ type: 'sapi', details: { request: { body: { name: names[n] } } } })
      expect((await get(`logs/${position}/proof`)).body.log_id).toBe(log.log_id)
    }
  })

  it('is not found for now, rather than not found, while its row is still to come', async () => {
    const authorization = `Bearer ${await service.managementToken()}`
    const ask = async (path: string): Promise<unknown[]> => {
      const answer = await fetch(`${service.url}api/v2/logs/${path}`, { headers: { authorization } })
      return [answer.status, answer.headers.get('retry-after'), ((await answer.json()) as Json).message]
    }
    const position = await stalled(service, async () => {
      const written = await write('still to come')
      const later = [503, '1', 'The service is temporarily unavailable.']
      const never = [404, null, 'Log not found.']
      expect(await Promise.all([written, `${written}/proof`, '1.1.1', '9'.repeat(56)].map(ask))).toEqual([later, later, never, never])
      return written
    })
    expect((await get(`logs/${position}`)).body).toMatchObject({ type: 'sapi', details: { request: { body: { name: 'still to come' } } } })
  })

  it('comes with a refused write too, and with no read', async () => {
    const refused = await service.api('POST', 'roles', {})
    expect(refused.status).toBe(400)
    expect((await get(`logs/${refused.headers.get('x-log-position')}`)).body).toMatchObject({ type: 'fapi' })
    expect((await get('roles')).headers.get('x-log-position')).toBeNull()
  })

  it.each(['1.1.1', '9999.9999999999999999999.999999999999999', '1.0.0', '0.1.1', '1.1', '1.1.1.1', 'x', '900', '9'.repeat(56), "1.1.1'", '%00'])(
    'that nobody was given (%s) finds nothing',
    async (id) => {
      for (const path of [`logs/${id}`, `logs/${id}/proof`]) {
        const { status, body } = await get(path)
        expect([path, status, body.message]).toEqual([path, id === '%00' ? 400 : 404, id === '%00' ? expect.any(String) : 'Log not found.'])
      }
    },
  )
})

it('is for those who may read the log', async () => {
  const position = await write('guarded')
  const authorization = `Bearer ${await service.managementToken(['read:users'])}`
  expect((await service.api('GET', `logs/${position}/proof`, undefined, { authorization })).status).toBe(403)
})

it('is had for what an app did, too, by the position in its answer', async () => {
  const [client, audience] = [await aClient(service), await anApi(service, { allow_offline_access: true })]
  const who = new Visitor(service.url)
  const { email } = await aPerson(service)
  const page = await who.submit(await who.get(authorizeUrl(client, { scope: 'openid offline_access', audience })), { username: email, password: PASSWORD })
  const ask = (parameters: Record<string, string>, path = 'oauth/token') =>
    fetch(`${service.url}${path}`, { method: 'POST', body: new URLSearchParams({ client_id: client.client_id, ...parameters }) })
  const redeemed = await ask({ grant_type: 'authorization_code', code: answerOf(page)['code']!, redirect_uri: CALLBACK })
  const { refresh_token: first } = (await redeemed.json()) as Json
  const exchanged = await ask({ grant_type: 'refresh_token', refresh_token: first })
  const { refresh_token: second } = (await exchanged.json()) as Json
  const refused = await ask({ grant_type: 'refresh_token', refresh_token: 'v1.unknown' })
  const revoked = await ask({ token: second ?? first }, 'oauth/revoke')
  const positions = [exchanged, refused, revoked].map(({ headers }) => headers.get('x-log-position')!)
  const [key] = await logKeys()
  const types: string[] = []
  for (const position of positions) {
    const row = await eventually(async () => {
      const { status, body } = await get(`logs/${position}`)
      return status === 200 && body
    })
    types.push(row.type)
    expect(flawOf((await get(`logs/${position}/proof`)).body, key.publicKey)).toBeUndefined()
  }
  expect(types).toEqual(['sertft', 'fertft', 'srrt'])
})
