import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { isIP } from 'node:net'
import path from 'node:path'
import * as x509 from '@peculiar/x509'
import type { Config } from '../config.js'
import { openDataDir } from '../generated-secrets.js'

export interface ServerFiles {
  readonly certFile: string
  readonly keyFile: string
  /** The certificate that clients must trust, where it is our own. */
  readonly authority?: string
}

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
/** No client accepts more than 398. */
const SERVER_DAYS = 397
const RENEW_DAYS = 30
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** The files to serve HTTPS with; with TLS_CERT_FILE=auto made under DATA_DIR/tls, and kept while they fit the issuer's host. */
export async function tlsFiles({ tls, dataDir, issuer }: Pick<Config, 'tls' | 'dataDir' | 'issuer'>): Promise<ServerFiles | undefined> {
  if (tls !== 'auto') return tls
  const folder = path.join(dataDir, 'tls')
  await openDataDir(dataDir)
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const host = new URL(issuer).hostname.replace(/^\[|\]$/g, '')
  const at = (name: string): string => path.join(folder, name)
  const files = { certFile: at('server.crt'), keyFile: at('server.key'), authority: at('ca.crt') }

  let authority = await readPair(files.authority, at('ca.key'))
  if (!authority || !lasts(authority.certificate)) {
    authority = await makeAuthority()
    await writePair(authority, files.authority, at('ca.key'))
  }
  const server = await readPair(files.certFile, files.keyFile)
  const fits =
    server &&
    lasts(server.certificate) &&
    server.certificate.checkIssued(authority.certificate) &&
    server.certificate.verify(authority.certificate.publicKey) &&
    names(server.certificate, host)
  if (!fits) await writePair(await makeServer(authority, host), files.certFile, files.keyFile)
  return files
}

interface Pair {
  readonly certificate: X509Certificate
  readonly key: string
}

const lasts = (certificate: X509Certificate): boolean => Date.parse(certificate.validTo) - Date.now() > RENEW_DAYS * DAY_MS
const names = (certificate: X509Certificate, host: string): boolean => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined

/** Undefined for files that are missing, broken or not a pair: they are made anew. */
async function readPair(certFile: string, keyFile: string): Promise<Pair | undefined> {
  try {
    const certificate = new X509Certificate(await readFile(certFile))
    const key = await readFile(keyFile, 'utf8')
    return certificate.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined
  } catch {
    return undefined
  }
}

async function makeAuthority(): Promise<Pair> {
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(AUTHORITY_DAYS),
    name: `CN=Evergrant local authority ${randomBytes(4).toString('hex')}`,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  })
  return pair(certificate, keys)
}

async function makeServer(authority: Pair, host: string): Promise<Pair> {
  const keys = await generateKeys()
  const issuer = new x509.X509Certificate(authority.certificate.raw)
  const signingKey = await webcrypto.subtle.importKey('pkcs8', createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' }), ALGORITHM, false, [
    'sign',
  ])
  const hosts = [...new Set([host, 'localhost', '127.0.0.1', '::1'])]
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(SERVER_DAYS),
    subject: `CN=${host}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer, false),
    ],
  })
  return pair(certificate, keys)
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

/** An hour back, for clocks that differ; a positive serial number of 16 bytes (RFC 5280 §4.1.2.2). */
function validity(days: number): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { serialNumber: `01${randomBytes(15).toString('hex')}`, notBefore: new Date(now - 3_600_000), notAfter: new Date(now + days * DAY_MS) }
}

async function pair(certificate: x509.X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): Promise<Pair> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' })
  return { certificate: new X509Certificate(certificate.toString('pem')), key: String(key) }
}

async function writePair({ certificate, key }: Pair, certFile: string, keyFile: string): Promise<void> {
  await replace(keyFile, key, 0o600)
  await replace(certFile, certificate.toString(), 0o644)
}

async function replace(file: string, text: string, mode: number): Promise<void> {
  const draft = `${file}.${process.pid}`
  const handle = await open(draft, 'w', mode)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}
