import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Page } from 'playwright-core'
import type { Json } from './app.js'

/** The package as it ships: a file for a script tag. */
const SCRIPT = readFileSync(path.join(path.dirname(createRequire(import.meta.url).resolve('@auth0/auth0-spa-js')), '../auth0-spa-js.production.js'))
const PAGE = `<!doctype html><title>App</title><body><div id="root"></div><script src="/app.js"></script>`

/** A single-page application's server: one page and its script, by default the package alone. */
export async function serveSpa({ tls, script = SCRIPT }: { tls?: { cert: Buffer; key: Buffer }; script?: string | Buffer } = {}): Promise<{
  readonly origin: string
  close(): void
}> {
  const answer: RequestListener = (req, res) => {
    const isScript = req.url === '/app.js'
    res.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? script : PAGE)
  }
  const server = tls ? createHttpsServer(tls, answer) : createServer(answer)
  await new Promise<void>((done) => server.listen(0, done))
  return {
    origin: `${tls ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface SdkRefusal {
  readonly error: string
  readonly message: string
}

/** A tab of the application. */
export class SpaTab {
  constructor(
    readonly page: Page,
    private readonly origin: string,
    private readonly options: object,
  ) {}

  /** Opens the application anew: what it kept in memory is gone. */
  async open(at = '/'): Promise<this> {
    await this.page.goto(this.origin + at)
    return this.start()
  }

  async start(): Promise<this> {
    await this.page.evaluate(`auth0.createAuth0Client(${JSON.stringify(this.options)}).then((client) => { window.client = client })`)
    return this
  }

  /** Runs an expression with `client`, the SDK's. */
  run(expression: string): Promise<Json> {
    return this.page.evaluate(expression)
  }

  /** What the expression is refused with: `error` and `message` of the SDK's error. */
  refused(expression: string): Promise<SdkRefusal> {
    return this.page.evaluate<SdkRefusal>(`(${expression}).then(() => { throw new Error('not refused') }, ({ error, message }) => ({ error, message }))`)
  }

  /** By the hosted form; or by the session of the browser, without `person`. */
  async logIn(person?: { readonly email: string; readonly password: string }): Promise<this> {
    await this.page.evaluate('client.loginWithRedirect()')
    if (person) {
      await this.page.locator('input[name=username]').fill(person.email)
      await this.page.locator('input[name=password]').fill(person.password)
      await this.page.locator('button[name=action][value=default]').click()
    }
    await this.page.waitForURL(`${this.origin}/?code=*`)
    await this.start()
    await this.page.evaluate(`client.handleRedirectCallback().then(() => history.replaceState({}, '', '/'))`)
    return this
  }
}
