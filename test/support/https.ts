import { readFileSync, rmSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { tlsFiles } from '../../src/processes/local-authority.js'
import { startApp, type TestApp } from './app.js'
import { temporaryFolder } from './service.js'

/** As wide as what the libraries call; their own types for it differ. */
type Fetch = (input: string | URL | Request, init?: object) => Promise<Response>

/**
 * Trusts one authority more, which Node's own fetch learns at the start of a process only. Follows no redirect. `tls`: what the handshake
 * is made with beside it, such as a client's certificate.
 */
export const fetchTrusting =
  (ca: Buffer | string, tls: Pick<RequestOptions, 'cert' | 'key' | 'lookup'> = {}): Fetch =>
  async (input, init) => {
    const { url, method, headers, body, signal } = new Request(input, init)
    const sent = body === null ? undefined : Buffer.from(await new Response(body).arrayBuffer())
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, headers: Object.fromEntries(headers), ca, agent: false, signal, ...tls }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject)
        incoming.once('end', () => {
          const received = new Headers()
          for (let n = 0; n < incoming.rawHeaders.length; n += 2) received.append(incoming.rawHeaders[n]!, incoming.rawHeaders[n + 1]!)
          const status = incoming.statusCode!
          resolve(new Response([204, 304].includes(status) ? null : Buffer.concat(chunks), { status, headers: received }))
        })
      })
      outgoing.once('error', reject).end(sent)
    })
  }

/** The app as TLS_CERT_FILE=auto serves it, a fetch that trusts its authority, and its certificate for whoever else is `localhost`. */
export async function startHttpsApp(
  env: Record<string, string> = {},
): Promise<{ readonly service: TestApp; readonly fetch: Fetch; readonly tls: { readonly cert: Buffer; readonly key: Buffer } }> {
  const dataDir = temporaryFolder()
  try {
    const files = (await tlsFiles({ tls: 'auto', dataDir, issuer: 'https://localhost/' }))!
    const tls = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) }
    return { service: await startApp(env, files), fetch: fetchTrusting(readFileSync(files.authority!)), tls }
  } finally {
    rmSync(dataDir, { recursive: true })
  }
}
