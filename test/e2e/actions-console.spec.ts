import { createOwnerClient } from '../../src/database/pool.js'
import { ActionsScene, aLogin, anExchange } from '../support/actions.js'
import { type Json, startApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'

let service: TestApp
let scene: ActionsScene
beforeAll(async () => {
  service = await startApp()
  scene = new ActionsScene(service)
})
afterAll(() => service.close())

/** The live console, as an operator's tool reads it. */
class Console {
  #text = ''

  private constructor(private readonly reader: ReadableStreamDefaultReader<string>) {}

  static async watch(): Promise<Console> {
    const headers = { authorization: `Bearer ${await service.managementToken(['read:actions'])}` }
    const watching = await fetch(`${service.url}api/v2/actions/logs/stream`, { headers })
    expect(watching.headers.get('content-type')).toBe('text/event-stream')
    return new Console(watching.body!.pipeThrough(new TextDecoderStream()).getReader())
  }

  get lines(): Json[] {
    return [...this.#text.matchAll(/^data: (.*)$/gm)].map(([, line]) => JSON.parse(line!))
  }

  async until(last: RegExp): Promise<void> {
    while (!last.test(this.#text)) this.#text += (await this.reader.read()).value!
  }

  close(): Promise<void> {
    return this.reader.cancel()
  }
}

describe('X7: the console', () => {
  it('is kept to 256 characters, and whole for who watches', async () => {
    await scene.use(`console.log('x'.repeat(300)); console.warn('second')`)
    const console = await Console.watch()
    const outcome = await scene.run(aLogin())
    await console.until(/second/)
    expect(console.lines).toMatchObject([
      { level: 'log', text: 'x'.repeat(300), execution_id: outcome.execution.id, trigger_id: 'post-login' },
      { level: 'warn', text: 'second' },
    ])
    await console.close()
    const { body } = await service.api('GET', `actions/executions/${outcome.execution.id}`)
    expect(body).toEqual({
      id: outcome.execution.id,
      trigger_id: 'post-login',
      status: 'final',
      results: [expect.objectContaining({ logs: 'x'.repeat(256), version_number: 1, started_at: expect.any(String), ended_at: expect.any(String) })],
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
    expect(await service.api('GET', 'actions/executions/nowhere')).toMatchObject({ status: 404, body: { message: 'That execution does not exist.' } })
  })

  it('tells those apart that write long lines at the same time', async () => {
    await scene.use(`const who = event.refresh_token ? 'b' : 'a'; for (let n = 0; n < 5; n++) console.log(who.repeat(9000)); console.log(who)`)
    const console = await Console.watch()
    await Promise.all([scene.run(aLogin()), scene.run(anExchange())])
    for (const who of ['a', 'b']) await console.until(new RegExp(`"text":"${who}"`))
    await console.close()
    expect(console.lines.map(({ text }) => text).sort()).toEqual(['a', 'b'].flatMap((who) => [who, ...Array(5).fill(who.repeat(9000))]))
  })

  it('is shown while the Action still runs, and what it threw at its end', async () => {
    await scene.use(`console.log('at once'); await new Promise((done) => setTimeout(done, 3000)); throw new Error('in the end')`)
    const console = await Console.watch()
    const over = scene.run(aLogin()).then(() => 'over')
    expect(await Promise.race([console.until(/at once/).then(() => 'heard'), over])).toBe('heard')
    await console.until(/in the end/)
    await console.close()
  })

  it('goes on for who watches when the database has ended its connections', async () => {
    await scene.use(`console.log('still here')`)
    const console = await Console.watch()
    const owner = createOwnerClient(service.config.databaseUrl)
    await owner.connect()
    const { rowCount } = await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'evergrant_action_console'`)
    await owner.end()
    expect(rowCount).toBe(1)
    let heard = false
    void console.until(/still here/).then(() => (heard = true))
    await eventually(async () => {
      await scene.run(aLogin())
      return heard
    }, 10_000)
    await console.close()
  })
})

it('ends with the service, which does not wait for whoever watches', async () => {
  const stopping = await startApp()
  const headers = { authorization: `Bearer ${await stopping.managementToken(['read:actions'])}` }
  const watching = await fetch(`${stopping.url}api/v2/actions/logs/stream`, { headers })
  let closed = false
  void stopping.close().then(() => (closed = true))
  await eventually(() => closed, 5000)
  expect(await watching.text()).toBe(': watching\n\n')
})
