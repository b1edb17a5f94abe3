import { readFileSync, statSync } from 'node:fs'
import { request } from 'node:https'
import path from 'node:path'
import { cleanUp, freePort, preparedFolder, Service } from '../support/service.js'

const dataDir = preparedFolder()
afterAll(() => cleanUp(dataDir))

const statusOf = (url: string, ca?: string): Promise<number> =>
  new Promise((done, fail) =>
    request(url, { ...(ca && { ca }), agent: false }, (response) => done(response.resume().statusCode!))
      .once('error', fail)
      .end(),
  )

test('TLS_CERT_FILE=auto serves https under an authority of its own, which lasts', async () => {
  const port = await freePort()
  const first = await new Service(port, dataDir, { TLS_CERT_FILE: 'auto' }).ready()
  const printed = /^NODE_EXTRA_CA_CERTS=(.+)$/m.exec(first.output)?.[1]
  expect(printed).toBe(path.join(dataDir, 'tls/ca.crt'))
  expect((statSync(path.join(dataDir, 'tls/ca.key')).mode & 0o777).toString(8)).toBe('600')
  const ca = readFileSync(printed!, 'utf8')
  expect(await statusOf(`https://localhost:${port}/health/ready`, ca)).toBe(200)
  expect(await statusOf(`https://127.0.0.1:${port}/health/ready`, ca)).toBe(200)
  await expect(statusOf(`https://localhost:${port}/health/ready`)).rejects.toThrow(/certificate/)
  expect(first.output).toContain(`Evergrant ready: issuer https://localhost:${port}/ on port ${port}`)
  expect(await first.stop()).toBe(0)

  const server = readFileSync(path.join(dataDir, 'tls/server.crt'), 'utf8')
  const second = await new Service(port, dataDir, { TLS_CERT_FILE: 'auto' }).ready()
  expect(readFileSync(path.join(dataDir, 'tls/server.crt'), 'utf8')).toBe(server)
  expect(await second.stop()).toBe(0)

  const moved = await new Service(port, dataDir, { TLS_CERT_FILE: 'auto', ISSUER_URL: `https://auth.example.com/` }).ready()
  expect(readFileSync(path.join(dataDir, 'tls/server.crt'), 'utf8')).not.toBe(server)
  expect(readFileSync(printed!, 'utf8')).toBe(ca)
  expect(await statusOf(`https://localhost:${port}/health/ready`, ca)).toBe(200)
  expect(await moved.stop()).toBe(0)
})
