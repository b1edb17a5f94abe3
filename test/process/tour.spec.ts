import { spawn } from 'node:child_process'
import path from 'node:path'
import { cleanUp, freePort, preparedFolder, ROOT, Service } from '../support/service.js'

const folder = preparedFolder()
afterAll(() => cleanUp(folder))

/** As `npm run tour`, with the settings of a service. */
function tour(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(ROOT, 'dist/src/tour/main.js')], { cwd: folder, env: { PATH: process.env['PATH']!, ...env } })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

test('the tour goes as told, as often as one likes, with nothing but the service’s own settings', async () => {
  const service = await new Service(await freePort(), folder).ready()
  const settings = { PORT: String(service.port), DATA_DIR: folder }
  for (const _ of ['first', 'second']) {
    const { code, output } = await tour(settings)
    expect(output).toContain('Everything went as told.')
    expect(code).toBe(0)
    // A terminal's history is no place for tokens.
    expect(output).not.toMatch(/eyJ[\w-]{20}|\bv1\.[\w-]{20}/)
  }
  expect(await service.stop()).toBe(0)

  const alone = await tour(settings)
  expect(alone.output).toContain('npm start starts the service')
  expect(alone.code).toBe(1)
})
