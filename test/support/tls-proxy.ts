import { request } from 'node:http'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { certificateFor, type Certified } from './certificates.js'
import { fetchTrusting } from './https.js'

export interface TlsProxy {
  readonly issuer: string
  /** Signs the certificates of clients that it verifies. */
  readonly authority: Certified
  /** Where requests go; it is told once the service is up. */
  target: string
  /** A fetch that shows a client's certificate. */
  fetchAs(client: Certified | undefined): ReturnType<typeof fetchTrusting>
  close(): Promise<void>
}

/**
 * What an operator puts in front (docs/mtls.md): ends TLS for `localhost` and `mtls.localhost`, asks clients for a certificate, and passes on
 * what they show and whether its authority is known. What clients say of that themselves it takes away.
 */
export async function startTlsProxy(port: number): Promise<TlsProxy> {
  const authority = await certificateFor([{ CN: ['Authority'] }], { ca: true })
  const own = await certificateFor([{ CN: ['localhost'] }], { by: authority, dnsNames: ['localhost', 'mtls.localhost'] })
  const proxy = { target: '' }
  const server = createServer({ cert: own.cert, key: own.key, ca: authority.cert, requestCert: true, rejectUnauthorized: false }, (req, res) => {
    const socket = req.socket as TLSSocket
    const { raw } = socket.getPeerCertificate() as { raw?: Buffer }
    const headers = { ...req.headers, 'x-forwarded-proto': 'https' } as Record<string, string | string[] | undefined>
    delete headers['client-certificate']
    delete headers['client-certificate-ca-verified']
    if (raw) {
      const pem = `-----BEGIN CERTIFICATE-----\n${raw
        .toString('base64')
        .match(/.{1,64}/g)!
        .join('\n')}\n-----END CERTIFICATE-----\n`
      headers['client-certificate'] = encodeURIComponent(pem)
      headers['client-certificate-ca-verified'] = socket.authorized ? 'SUCCESS' : 'FAILED'
    }
    const outgoing = request(new URL(req.url!, proxy.target), { method: req.method!, headers }, (incoming) => {
      res.writeHead(incoming.statusCode!, incoming.headers)
      incoming.pipe(res)
    })
    outgoing.once('error', () => res.writeHead(502).end())
    req.pipe(outgoing)
  })
  await new Promise<void>((done) => server.listen(port, done))
  return Object.assign(proxy, {
    issuer: `https://localhost:${port}/`,
    authority,
    fetchAs: (client: Certified | undefined) =>
      fetchTrusting(authority.cert, {
        ...(client && { cert: client.cert, key: client.key }),
        // No resolver need know mtls.localhost.
        lookup: (_, options, callback) => (options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)),
      }),
    close: () => new Promise<void>((done) => server.close(() => done())),
  })
}
