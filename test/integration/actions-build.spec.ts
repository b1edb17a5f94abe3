import { readdirSync, readFileSync } from 'node:fs'
import { DraftBuilder } from '../../src/actions/build/draft-builder.js'
import { loadConfig, type Config } from '../../src/config.js'

const onLinux = process.platform === 'linux' ? it : it.skip
const builder = new DraftBuilder(loadConfig({}) as Config)
afterAll(() => builder.onApplicationShutdown())

const draft = { code: 'exports.onExecutePostLogin = async () => {}', runtime: 'node22', trigger: 'post-login', dependencies: [] }
const built = { bundle: undefined, dependencies: [], packages: [], warnings: [] }

/** The program of esbuild that this process runs. */
const bundler = (): number =>
  Number(
    readdirSync('/proc').find((pid) => {
      try {
        return (
          /^\d+$/.test(pid) &&
          readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[1] === String(process.pid) &&
          readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--service=')
        )
      } catch {
        return false
      }
    }),
  )

onLinux('a build goes on where the program that parses was killed', async () => {
  expect(await builder.build(draft)).toEqual(built)
  process.kill(bundler(), 'SIGKILL')
  expect(await builder.build(draft)).toEqual(built)
})

it('a build that this machine cannot finish has failed, and works later', async () => {
  const { TMPDIR } = process.env
  process.env['TMPDIR'] = '/nonexistent'
  const asked = { ...draft, dependencies: [{ name: 'jsonwebtoken', version: 'latest' }] }
  const failed = await builder.build(asked).finally(() => (TMPDIR === undefined ? delete process.env['TMPDIR'] : (process.env['TMPDIR'] = TMPDIR)))
  expect(failed).toEqual({ problems: [{ id: 'build_broken_off', msg: expect.stringContaining('broke off') }] })
  expect(await builder.build(draft)).toEqual(built)
})

it.each([
  [`require('a\\0b')`, { problems: [{ id: 'invalid_code', msg: `Error: Cannot find module 'ab'` }] }],
  [`throw Object.assign(new Error(), { name: 'a\\0\\ud800' })`, { ...built, warnings: ['The code throws as it loads: a\ufffd'] }],
])('what is said of a draft can be stored: %s', async (code, said) => {
  expect(await builder.build({ ...draft, code })).toEqual(said)
})

it('a registry that cannot be reached is named without what opens it', async () => {
  const locked = new DraftBuilder(loadConfig({ ACTIONS_REGISTRY: 'http://reader:hunter2@localhost:9/npm/' }) as Config)
  const said = await locked.build({ ...draft, dependencies: [{ name: 'jsonwebtoken', version: '9.0.3' }] })
  expect(said).toEqual({ problems: [{ id: 'registry_unreachable', msg: 'The package registry http://localhost:9/npm/ could not be reached (ECONNREFUSED).' }] })
})
