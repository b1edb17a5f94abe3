import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import proxyAddr from 'proxy-addr'
import type { Config } from '../config.js'
import { type ClientCertificate, readClientCertificate } from '../keys/client-certificate.js'

interface Received {
  readonly values: readonly string[]
  readonly verified: boolean
  read?: { readonly certificate: ClientCertificate | undefined }
}

const received = new WeakMap<IncomingMessage, Received>()

/** What the header of the proxy says when it found a chain (nginx, Auth0). */
const VERIFIED = 'SUCCESS'

/**
 * Takes the headers that speak of a client's certificate out of every request, before anything else sees it, and keeps them where the peer itself
 * is a trusted proxy (docs/adr/0005-proof-of-possession.md). From anybody else they are as if they had never been sent.
 */
export function takeClientCertificates({ settings, trustProxy }: Config): RequestHandler {
  const { mtlsCertificateHeader: certificate, mtlsVerificationHeader: verification, mtlsTrustedProxies = trustProxy } = settings
  if (certificate === undefined) return (_req, _res, next) => next()
  const isTrusted = proxyAddr.compile([...mtlsTrustedProxies])
  return (req, _res, next) => {
    const values = takeHeader(req, certificate)
    const [result, ...others] = takeHeader(req, verification)
    if (values.length > 0 && isTrusted(req.socket.remoteAddress ?? '', 0)) {
      received.set(req, { values, verified: others.length === 0 && result?.trim() === VERIFIED })
    }
    next()
  }
}

/** The certificate of the client behind a request, if a trusted proxy passed one on that can be read. */
export function clientCertificateOf(req: IncomingMessage): ClientCertificate | undefined {
  const found = received.get(req)
  if (!found) return undefined
  found.read ??= { certificate: read(found) }
  return found.read.certificate
}

/** A header that came twice was sent by two: one of them is not the proxy. */
function read({ values, verified }: Received): ClientCertificate | undefined {
  const certificate = values.length === 1 ? readClientCertificate(values[0]!) : undefined
  return certificate && { certificate, verified }
}

/** The values of a header, one per line of the request, and the request without it. */
function takeHeader(req: IncomingMessage, name: string): readonly string[] {
  const values = req.headersDistinct[name] ?? []
  if (values.length === 0) return values
  delete req.headers[name]
  delete req.headersDistinct[name]
  const { rawHeaders } = req
  req.rawHeaders = rawHeaders.filter((_, n) => rawHeaders[n - (n % 2)]!.toLowerCase() !== name)
  return values
}
