import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { ActionsScene, aLogin, POST_LOGIN } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type NpmRegistry, startNpmRegistry } from '../support/npm-registry.js'
import { type Answer, claimsOf, OAuthScene } from '../support/oauth.js'
import { recorded } from '../support/recorded.js'

let service: TestApp
let scene: ActionsScene
let registry: NpmRegistry
beforeAll(async () => {
  registry = await startNpmRegistry()
  registry.addInstalled('jsonwebtoken')
  service = await startApp({ ACTIONS_REGISTRY: registry.url })
  scene = new ActionsScene(service)
})
afterAll(async () => {
  await service.close()
  await registry.close()
})

const manifest = (name: string, over: object = {}): string => JSON.stringify({ name, version: '1.0.0', main: 'index.js', ...over })

describe('C25', () => {
  const code = `const jwt=require("jsonwebtoken"); exports.onExecutePostLogin=async(event,api)=>{ api.idToken.setCustomClaim("https://x/j", jwt.verify(jwt.sign({s:1},"k"),"k").s); api.idToken.setCustomClaim("https://x/b",JSON.stringify([Object.keys(event.request.body).sort(), event.request.body.client_secret, event.request.body.refresh_token, typeof process.env.PATH, (()=>{try{require("fs").readFileSync("/etc/passwd");return "read"}catch(e){return "blocked"}})()])) }`

  /** With the client's secret in the form. */
  async function exchange(): Promise<Answer> {
    const oauth = new OAuthScene(service)
    await oauth.api()
    const client = await oauth.client({ token_endpoint_auth_method: 'client_secret_post' })
    return oauth.refresh(client, (await oauth.refreshToken(client, await oauth.user())).refreshToken)
  }

  it('a declared package is required, secrets are not in the event, files and environment are out of reach', async () => {
    const action = await scene.deployed(code, { dependencies: [{ name: 'jsonwebtoken', version: 'latest' }] })
    expect(action.dependencies).toEqual([{ name: 'jsonwebtoken', version: '9.0.3' }])
    await scene.bind('post-login', action)
    const { status, body } = await exchange()
    expect(status).toBe(200)
    const claims = claimsOf(body.id_token) as Json
    expect(claims['https://x/j']).toBe(1)
    expect(claims['https://x/b']).toBe(JSON.stringify([['client_id', 'grant_type'], null, null, 'undefined', 'blocked']))
  })

  it('a package that is not declared cannot be found', async () => {
    const [action] = await scene.use(`require('undeclared-package')`)
    expect(action.status).toBe('built')
    expect(await exchange()).toMatchObject({ status: 403, body: { error: 'access_denied', error_description: `Cannot find module 'undeclared-package'` } })
  })
})

describe('dependencies', () => {
  it('are stored once under their hash, with the integrity of every package in the log', async () => {
    const code = `const jwt = require('jsonwebtoken@8.5.1'); exports.onExecutePostLogin = async (event, api) => api.idToken.setCustomClaim('v', typeof jwt.sign)`
    const dependencies = [{ name: 'jsonwebtoken', version: '^9.0.0' }]
    const [one, two] = [await scene.deployed(code, { dependencies }), await scene.deployed(code, { dependencies })]
    const built = (await recorded(service, 'ActionBuilt')).slice(-2).map(({ data }) => data)
    expect(built[0]!['bundle']).toMatch(/^[0-9a-f]{64}$/)
    expect(built[1]!['bundle']).toBe(built[0]!['bundle'])
    const packages = built[0]!['packages'] as { name: string; version: string; integrity: string }[]
    expect(packages.map(({ name }) => name).sort()).toEqual(expect.arrayContaining(['jsonwebtoken', 'jws', 'jwa', 'ms', 'semver']))
    for (const { integrity } of packages) expect(integrity).toMatch(/^sha512-/)
    const { rows } = await service.pool.query('select hash, code from action_bundles where hash = $1', [built[0]!['bundle']])
    expect(rows).toHaveLength(1)
    await scene.bind('post-login', one)
    expect(await scene.run(aLogin())).toMatchObject({ claims: { idToken: { v: 'function' } } })

    await scene.bind('post-login')
    await service.api('DELETE', `actions/actions/${one.id}`)
    expect((await service.pool.query('select 1 from action_bundles where hash = $1', [rows[0].hash])).rowCount).toBe(1)
    await service.api('DELETE', `actions/actions/${two.id}`)
    // The Action of C25 has the same packages but asks for them by another name, which its bundle shares.
    const left = await service.pool.query(
      'select 1 from action_bundles b where not exists (select from actions a where a.bundle = b.hash) and not exists (select from action_versions v where v.bundle = b.hash)',
    )
    expect(left.rowCount).toBe(0)
  })

  it('run no script when they are installed, and may ask for parts of themselves', async () => {
    const trace = path.join(os.tmpdir(), `evergrant-install-${process.pid}`)
    registry.add({
      'package.json': manifest('scripted', { scripts: { preinstall: `touch ${trace}`, install: `touch ${trace}`, postinstall: `touch ${trace}` } }),
      'index.js': 'module.exports = { whole: true }',
      'part/one.js': `module.exports = 'one of ' + require('..').whole`,
    })
    const code = `exports.onExecutePostLogin = async (event, api) => api.idToken.setCustomClaim('part', require('scripted/part/one'))`
    const action = await scene.deployed(code, { dependencies: [{ name: 'scripted', version: '' }] })
    expect(action.dependencies).toEqual([{ name: 'scripted', version: '1.0.0' }])
    await scene.bind('post-login', action)
    expect(await scene.run(aLogin())).toMatchObject({ claims: { idToken: { part: 'one of true' } } })
    expect(existsSync(trace)).toBe(false)
  })

  it.each([
    ['a package that is not there', { name: 'nobody-made-this', version: '1.0.0' }, /404|not found/i],
    ['a version that is not there', { name: 'jsonwebtoken', version: '77.0.0' }, /No matching version found for jsonwebtoken@77\.0\.0/],
  ])('that cannot be had fail the build: %s', async (_, dependency, message) => {
    const action = await scene.create('exports.onExecutePostLogin = async () => {}', { dependencies: [dependency] })
    expect(action).toMatchObject({ status: 'failed', errors: [{ id: 'dependencies_failed', msg: expect.stringMatching(message) }] })
    expect(action.errors[0].msg).not.toMatch(/\/tmp\//)
  })

  it('that are native, too large or point outside of the registry fail the build', async () => {
    const secrets = mkdtempSync(path.join(os.tmpdir(), 'evergrant-outside-'))
    writeFileSync(path.join(secrets, 'secrets.json'), '{"root":"key"}')
    const { port } = new URL(service.url)
    // npm takes nothing that was packed to a thousandth.
    const huge = Array.from({ length: 100_000 }, (_, n) => String(n).padEnd(106, 'x')).join('')
    registry.add({ 'package.json': manifest('native-addon'), 'index.js': `module.exports = require('./build/addon.node')`, 'build/addon.node': 'ELF' })
    registry.add({ 'package.json': manifest('thief'), 'index.js': `module.exports = require(${JSON.stringify(path.join(secrets, 'secrets.json'))})` })
    registry.add({ 'package.json': manifest('huge'), 'index.js': `module.exports = '${huge}'` })
    registry.add({ 'package.json': manifest('from-address', { dependencies: { other: `http://127.0.0.1:${port}/x.tgz` } }), 'index.js': '' })
    registry.add({ 'package.json': manifest('from-folder', { dependencies: { other: `file:${secrets}` } }), 'index.js': '' })
    registry.add({ 'package.json': manifest('from-repository', { dependencies: { other: 'git+ssh://git@127.0.0.1/x.git' } }), 'index.js': '' })
    for (const [name, message] of [
      ['native-addon', /native add-ons are not supported/],
      ['thief', /outside of its package/],
      ['huge', /maximum 10000000/],
      ['from-address', /could not be installed|registry/],
      ['from-folder', /could not be installed|registry/],
      ['from-repository', /could not be installed|registry/],
    ] as const) {
      const action = await scene.create(`require(${JSON.stringify(name)}); exports.onExecutePostLogin = async () => {}`, {
        dependencies: [{ name, version: '1.0.0' }],
      })
      expect({ ...action, asked: name }).toMatchObject({ asked: name, status: 'failed', errors: [{ msg: expect.stringMatching(message) }] })
    }
    const { rows } = await service.pool.query(`select 1 from action_bundles where code like '%"root":"key"%' or code like '%root: "key"%'`)
    expect(rows).toEqual([])
  })

  it('cannot be installed without a registry: the build says so, and works later', async () => {
    const gone = await startNpmRegistry()
    await gone.close()
    const offline = await startApp({ ACTIONS_REGISTRY: gone.url })
    try {
      const other = new ActionsScene(offline)
      const action = await other.create('exports.onExecutePostLogin = async () => {}', { dependencies: [{ name: 'jsonwebtoken', version: '9.0.3' }] })
      expect(action).toMatchObject({
        status: 'failed',
        errors: [{ id: 'registry_unreachable', msg: `The package registry ${gone.url} could not be reached (ECONNREFUSED).` }],
      })
      expect(await other.create('exports.onExecutePostLogin = async () => {}')).toMatchObject({ status: 'built' })
    } finally {
      await offline.close()
    }
  })
})

it('a build under way holds up no stop, leaves nothing behind, and begins anew at the next start', async () => {
  const folders = (): string[] => readdirSync(os.tmpdir()).filter((name) => name.startsWith('evergrant-action-'))
  const before = folders()
  let asked = 0
  const silent = createServer().on('connection', () => asked++)
  await new Promise<void>((done) => silent.listen(0, done))
  const { port } = silent.address() as { port: number }
  const stopping = await startApp({ ACTIONS_REGISTRY: `http://localhost:${port}/` })
  const { body } = await stopping.api('POST', 'actions/actions', {
    name: 'Slow',
    supported_triggers: POST_LOGIN,
    code: 'exports.onExecutePostLogin = async () => {}',
    dependencies: [{ name: 'jsonwebtoken', version: '9.0.3' }],
  })
  await eventually(() => asked > 0)
  const made = folders().filter((name) => !before.includes(name))
  let closed = false
  void stopping.close().then(() => (closed = true))
  await eventually(() => closed, 5000)
  await eventually(() => !folders().some((name) => made.includes(name)))
  const next = await startApp({ ACTIONS_REGISTRY: registry.url }, undefined, stopping.config.databaseUrl)
  expect(await new ActionsScene(next).built(body.id)).toMatchObject({ status: 'built' })
  await next.close()
  silent.close()
})
