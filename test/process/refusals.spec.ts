import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { RootKeys } from '../../src/keys/root-key.js'
import { cleanUp, freePort, preparedFolder, Service, temporaryFolder } from '../support/service.js'

const folders: string[] = []
const folder = (): string => folders[folders.push(preparedFolder()) - 1]!
afterAll(() => cleanUp(...folders))

const expectRefusal = async (service: Service, message: string | RegExp): Promise<void> => {
  expect(await service.exited).toBe(1)
  expect(service.errors).toMatch(message instanceof RegExp ? message : new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\n$`))
  expect(service.errors.trimEnd()).not.toContain('\n')
}

test('a wrong value stops the start with one line', async () => {
  await expectRefusal(
    new Service(await freePort(), folder(), { ISSUER_URL: 'http://auth.example.com/' }),
    'ISSUER_URL: an http issuer is accepted for loopback hosts only, for example ISSUER_URL=https://auth.example.com/',
  )
})

test('a missing value stops the start with one line', async () => {
  await expectRefusal(
    new Service(await freePort(), folder(), { DATABASE_URL: 'postgres://u@localhost/x' }),
    'ENCRYPTION_KEY: is required with DATABASE_URL: 32 bytes in base64, for example ENCRYPTION_KEY=$(openssl rand -base64 32)',
  )
})

test('a database that does not answer is named, without its password', async () => {
  const env = { DATABASE_URL: `postgres://user:hunter2@localhost:${await freePort()}/x`, ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }
  const service = new Service(await freePort(), folder(), env)
  await expectRefusal(
    service,
    /^DATABASE_URL: the database cannot be prepared \(.*ECONNREFUSED.*\), for example DATABASE_URL=postgres:\/\/evergrant:password@db\.example\.com:5432\/evergrant\n$/,
  )
  expect(service.errors).not.toContain('hunter2')
})

test('a key that stored data is encrypted under and the list lacks is named, with where it is in use', async () => {
  const dataDir = folder()
  const [before, after] = [1, 2].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer]
  const first = await new Service(await freePort(), dataDir, { ENCRYPTION_KEY: before.toString('base64') }).ready()
  expect(await first.stop()).toBe(0)
  await expectRefusal(
    new Service(await freePort(), dataDir, { ENCRYPTION_KEY: after.toString('base64') }),
    `ENCRYPTION_KEY: the key with id ${new RootKeys([before]).newestId}, which data in log_keys, data_keys, signing_keys, person_keys, clients is encrypted under, is not in the list`,
  )
})

test('a port in use is named', async () => {
  const other = createServer()
  await new Promise<void>((done) => other.listen(0, done))
  const { port } = other.address() as { port: number }
  const dataDir = temporaryFolder()
  folders.push(dataDir)
  const service = new Service(port, dataDir)
  await expectRefusal(service, `PORT: ${port} is in use by another program, for example PORT=3000`)
  expect([service.output.includes('"stack"'), readdirSync(dataDir)]).toEqual([false, []])
  other.close()
})

test.each([
  ['LOG_CHECKPOINT_FILE', '/log.checkpoint', '/mnt/audit/evergrant.checkpoint'],
  ['LOG_STREAMS_DIRECTORY', '', '/var/log/evergrant'],
])('a folder of %s that does not exist is named, where something would be written there', async (variable, file, example) => {
  const dataDir = folder()
  const missing = path.join(dataDir, 'missing')
  const refusal = `${variable}: the folder ${missing} does not exist, for example ${variable}=${example}`
  await expectRefusal(new Service(await freePort(), dataDir, { [variable]: missing + file }), refusal)
  const notOne = path.join(dataDir, 'postgres', 'data', 'PG_VERSION')
  await expectRefusal(new Service(await freePort(), dataDir, { [variable]: notOne + file }), refusal.replace(missing, notOne))
  const service = await new Service(await freePort(), dataDir, { [variable]: missing + file, ROLE: 'http' }).ready()
  expect(await service.stop()).toBe(0)
})

/** What a start finds that has this address beside those of the machine. */
const withAddress = (address: string): string => {
  const code = `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module'; const own = os.networkInterfaces();
    os.networkInterfaces = () => ({ ...own, lan: [{ address: '${address}', family: 'IPv6', internal: false }] }); syncBuiltinESMExports()`
  return `--import=data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
}

test.each(['2606:4700::1111', 'fd12:3456::7'])('a setting that this machine cannot keep is named: open to Actions, with the address %s', async (address) => {
  await expectRefusal(
    new Service(await freePort(), folder(), { ACTIONS_NETWORK: 'open', NODE_OPTIONS: withAddress(address) }),
    /^ACTIONS_NETWORK: is open on a machine with an IPv6 address, .*, for example ACTIONS_NETWORK=deny\n$/,
  )
})

test('a DATA_DIR that cannot be used is named', async () => {
  const dataDir = folder()
  const file = path.join(dataDir, 'postgres', 'data', 'PG_VERSION')
  const unusable = new RegExp(`^DATA_DIR: ${file} cannot be used \\(ENOTDIR: .*\\), for example DATA_DIR=/var/lib/evergrant\n$`)
  await expectRefusal(new Service(await freePort(), file), unusable)
  const long = path.join(dataDir, 'x'.repeat(300))
  await expectRefusal(new Service(await freePort(), long), /^DATA_DIR: .* cannot be used \(ENAMETOOLONG: /)
  mkdirSync(path.join(dataDir, 'secrets'))
  writeFileSync(path.join(dataDir, 'secrets', 'encryption-key'), 'x\n')
  await expectRefusal(new Service(await freePort(), dataDir), /^DATA_DIR: in .*encryption-key the key has 0 bytes instead of 32, for example DATA_DIR=/)
})

test('a certificate authority of DATABASE_URL that cannot be read is told as its fault', async () => {
  const env = { DATABASE_URL: 'postgres://u@localhost/x?sslrootcert=/nothing/here', ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }
  await expectRefusal(
    new Service(await freePort(), folder(), env),
    /^DATABASE_URL: the database cannot be prepared \(ENOENT: .*\/nothing\/here.*\), for example/,
  )
})

test('a folder in use is named, and its owner works on', async () => {
  const dataDir = folder()
  const first = await new Service(await freePort(), dataDir).ready()
  await expectRefusal(
    new Service(await freePort(), dataDir),
    `DATA_DIR: ${dataDir} is in use by another instance (process ${first.pid}); give each its own, for example DATA_DIR=.data-2`,
  )
  expect((await first.get('/health/ready')).status).toBe(200)
  expect(await first.stop()).toBe(0)
})
