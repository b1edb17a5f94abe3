import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ConfigError, loadConfig } from './config.js'
import { tlsFiles } from './processes/local-authority.js'

const key = Buffer.alloc(32, 1).toString('base64')
const url = 'postgres://user:hunter2@localhost/evergrant'

const refusal = (env: Record<string, string>, cwd = '/srv'): string => {
  try {
    loadConfig(env, cwd)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

test.each([
  ['the port below its range', { PORT: '0' }, 'PORT: "0" is not a whole number from 1 to 65535, for example PORT=3000'],
  ['the port above its range', { PORT: '65536' }, 'PORT: "65536" is not a whole number from 1 to 65535, for example PORT=3000'],
  ['a port with more after it', { PORT: '80\n80' }, String.raw`PORT: "80\n80" is not a whole number from 1 to 65535, for example PORT=3000`],
  ['no worker', { WORKERS: '0' }, 'WORKERS: "0" is not a whole number of at least 1, for example WORKERS=2'],
  ['half a worker', { WORKERS: '1.5' }, 'WORKERS: "1.5" is not a whole number of at least 1, for example WORKERS=2'],
  [
    'an algorithm that no proof may have',
    { DPOP_ALGS: 'ES256,HS256' },
    'DPOP_ALGS: "HS256" is not one of ES256, ES384, RS256, PS256, EdDSA, for example DPOP_ALGS=ES256,ES384',
  ],
  [
    'a host that no Action could reach',
    { ACTIONS_ALLOWED_HOSTS: 'api.example.com, api..example.com' },
    'ACTIONS_ALLOWED_HOSTS: "api..example.com" is not a host name, with or without a port, for example ACTIONS_ALLOWED_HOSTS=api.example.com,*.example.org:8443',
  ],
  ['an algorithm named twice', { DPOP_ALGS: 'ES256,ES256' }, 'DPOP_ALGS: "ES256,ES256" names one twice, for example DPOP_ALGS=ES256,ES384'],
  ['an issuer that is no URL', { ISSUER_URL: 'localhost' }, 'ISSUER_URL: "localhost" is not a URL, for example ISSUER_URL=https://auth.example.com/'],
  [
    'an issuer of many hosts',
    { ISSUER_URL: 'https://*.a.example/' },
    `ISSUER_URL: "*.a.example" is not a host's name, for example ISSUER_URL=https://auth.example.com/`,
  ],
  [
    'another scheme',
    { ISSUER_URL: 'ftp://a.example/' },
    'ISSUER_URL: "ftp://a.example/" is neither https nor http, for example ISSUER_URL=https://auth.example.com/',
  ],
  [
    'http for other machines',
    { ISSUER_URL: 'http://a.example/' },
    'ISSUER_URL: an http issuer is accepted for loopback hosts only, for example ISSUER_URL=https://auth.example.com/',
  ],
  [
    'a host that only looks like loopback',
    { ISSUER_URL: 'http://127.0.0.1.example/' },
    'ISSUER_URL: an http issuer is accepted for loopback hosts only, for example ISSUER_URL=https://auth.example.com/',
  ],
  [
    'no trailing slash',
    { ISSUER_URL: 'https://a.example' },
    'ISSUER_URL: "https://a.example" lacks its trailing slash, for example ISSUER_URL=https://auth.example.com/',
  ],
  [
    'a path',
    { ISSUER_URL: 'https://a.example/b/' },
    'ISSUER_URL: the issuer has a scheme, a host and perhaps a port, nothing else, for example ISSUER_URL=https://auth.example.com/',
  ],
  [
    'a default port, which clients would compare',
    { ISSUER_URL: 'https://a.example:443/' },
    'ISSUER_URL: "https://a.example:443/" is not in its normal form, which is https://a.example/, for example ISSUER_URL=https://auth.example.com/',
  ],
  [
    'http over TLS',
    { ISSUER_URL: 'http://localhost/', TLS_CERT_FILE: 'auto' },
    'ISSUER_URL: "http://localhost/" must begin with https because TLS_CERT_FILE is set, for example ISSUER_URL=https://auth.example.com/',
  ],
  [
    'another database',
    { DATABASE_URL: 'mysql://root:hunter2@db/' },
    'DATABASE_URL: is not a postgres:// URL, for example DATABASE_URL=postgres://evergrant:password@db.example.com:5432/evergrant',
  ],
  [
    'a database without a key',
    { DATABASE_URL: url },
    'ENCRYPTION_KEY: is required with DATABASE_URL: 32 bytes in base64, for example ENCRYPTION_KEY=$(openssl rand -base64 32)',
  ],
  ['a short key', { ENCRYPTION_KEY: 'c2hvcnQ=' }, 'ENCRYPTION_KEY: the key has 5 bytes instead of 32, for example ENCRYPTION_KEY=$(openssl rand -base64 32)'],
  [
    'a key in hex',
    { ENCRYPTION_KEY: 'ab'.repeat(32) },
    'ENCRYPTION_KEY: the key has 48 bytes instead of 32, for example ENCRYPTION_KEY=$(openssl rand -base64 32)',
  ],
  [
    'an odd one among the keys',
    { ENCRYPTION_KEY: `${key},?` },
    'ENCRYPTION_KEY: key 2 of 2 is not base64, for example ENCRYPTION_KEY=$(openssl rand -base64 32)',
  ],
  ['a key twice', { ENCRYPTION_KEY: `${key},${key}` }, 'ENCRYPTION_KEY: it holds one key twice, for example ENCRYPTION_KEY=$(openssl rand -base64 32)'],
  [
    'a client without its secret',
    { MANAGEMENT_CLIENT_ID: 'm' },
    'MANAGEMENT_CLIENT_SECRET: is missing although MANAGEMENT_CLIENT_ID is set, for example MANAGEMENT_CLIENT_SECRET=$(openssl rand -hex 32)',
  ],
  [
    'a secret without its client',
    { MANAGEMENT_CLIENT_SECRET: 's' },
    'MANAGEMENT_CLIENT_ID: is missing although MANAGEMENT_CLIENT_SECRET is set, for example MANAGEMENT_CLIENT_ID=management',
  ],
  [
    'an administrator without password',
    { ADMIN_EMAIL: 'a@b.c' },
    'ADMIN_PASSWORD: is missing although ADMIN_EMAIL is set, for example ADMIN_PASSWORD=$(openssl rand -base64 18)',
  ],
  [
    'a password without administrator',
    { ADMIN_PASSWORD: 'p' },
    'ADMIN_EMAIL: is missing although ADMIN_PASSWORD is set, for example ADMIN_EMAIL=admin@example.com',
  ],
  [
    'a name for an address',
    { ADMIN_EMAIL: 'root', ADMIN_PASSWORD: 'p' },
    'ADMIN_EMAIL: "root" is not an e-mail address, for example ADMIN_EMAIL=admin@example.com',
  ],
  ['another role', { ROLE: 'web' }, 'ROLE: "web" is not one of all, http, worker, for example ROLE=all'],
  [
    'a certificate that is not there',
    { TLS_CERT_FILE: 'no.crt', TLS_KEY_FILE: 'no.key' },
    'TLS_CERT_FILE: "/srv/no.crt" cannot be read (ENOENT), for example TLS_CERT_FILE=/etc/evergrant/tls.crt',
  ],
  [
    'a key without its certificate',
    { TLS_KEY_FILE: '/dev/null' },
    'TLS_CERT_FILE: is missing although TLS_KEY_FILE is set, for example TLS_CERT_FILE=/etc/evergrant/tls.crt',
  ],
  [
    'a certificate without its key',
    { TLS_CERT_FILE: '/dev/null' },
    'TLS_KEY_FILE: is missing although TLS_CERT_FILE is set, for example TLS_KEY_FILE=/etc/evergrant/tls.key',
  ],
  [
    'files that hold neither',
    { TLS_CERT_FILE: '/dev/null', TLS_KEY_FILE: '/dev/null' },
    'TLS_CERT_FILE: "/dev/null" is not a PEM certificate, for example TLS_CERT_FILE=/etc/evergrant/tls.crt',
  ],
  [
    'auto with a key',
    { TLS_CERT_FILE: 'auto', TLS_KEY_FILE: '/dev/null' },
    'TLS_CERT_FILE: is auto, which makes its own key, although TLS_KEY_FILE is set; unset one or name a certificate, for example TLS_CERT_FILE=/etc/evergrant/tls.crt',
  ],
  [
    'an unknown proxy',
    { TRUST_PROXY: 'loopback,proxy.local' },
    'TRUST_PROXY: "proxy.local" is not an address, a CIDR range, or one of loopback, linklocal, uniquelocal, for example TRUST_PROXY=loopback,10.0.0.0/8',
  ],
  [
    'a number of proxies',
    { TRUST_PROXY: '1' },
    'TRUST_PROXY: "1" is not an address, a CIDR range, or one of loopback, linklocal, uniquelocal, for example TRUST_PROXY=loopback,10.0.0.0/8',
  ],
  [
    'a header that has no such name',
    { MTLS_CERTIFICATE_HEADER: 'a b' },
    'MTLS_CERTIFICATE_HEADER: "a b" is not the name of a header, for example MTLS_CERTIFICATE_HEADER=client-certificate',
  ],
  [
    'a header with another meaning',
    { MTLS_CERTIFICATE_HEADER: 'Authorization' },
    'MTLS_CERTIFICATE_HEADER: "Authorization" has another meaning already, for example MTLS_CERTIFICATE_HEADER=client-certificate',
  ],
  [
    'an unknown proxy for certificates',
    { MTLS_TRUSTED_PROXIES: 'proxy.local' },
    'MTLS_TRUSTED_PROXIES: "proxy.local" is not an address, a CIDR range, or one of loopback, linklocal, uniquelocal, for example MTLS_TRUSTED_PROXIES=10.0.0.5,10.1.0.0/16',
  ],
  [
    'a range that is too long',
    { TRUST_PROXY: '10.0.0.0/33' },
    'TRUST_PROXY: "10.0.0.0/33" is not an address, a CIDR range, or one of loopback, linklocal, uniquelocal, for example TRUST_PROXY=loopback,10.0.0.0/8',
  ],
  [
    'places in a file that knows none',
    { GEOIP_CITY_FILE: '/dev/null' },
    'GEOIP_CITY_FILE: "/dev/null" is not a MaxMind database, for example GEOIP_CITY_FILE=/var/lib/GeoIP/GeoLite2-City.mmdb',
  ],
  [
    'places in a folder',
    { GEOIP_ASN_FILE: '/dev' },
    'GEOIP_ASN_FILE: "/dev" cannot be read (EISDIR), for example GEOIP_ASN_FILE=/var/lib/GeoIP/GeoLite2-ASN.mmdb',
  ],
  [
    'an authorization that no header can hold',
    { LOG_CHECKPOINT_AUTHORIZATION: 'Bearer hunter2\n' },
    'LOG_CHECKPOINT_AUTHORIZATION: holds characters that no header can hold, for example LOG_CHECKPOINT_AUTHORIZATION=Bearer a-token-of-the-receiver',
  ],
  ['limits neither on nor off', { RATE_LIMITS: 'false' }, 'RATE_LIMITS: "false" is not one of on, off, for example RATE_LIMITS=on'],
  [
    'private targets neither true nor false',
    { ALLOW_PRIVATE_TARGETS: 'yes' },
    'ALLOW_PRIVATE_TARGETS: "yes" is not one of true, false, for example ALLOW_PRIVATE_TARGETS=false',
  ],
  ['an unknown level', { LOG_LEVEL: 'INFO' }, 'LOG_LEVEL: "INFO" is not one of fatal, error, warn, info, debug, trace, silent, for example LOG_LEVEL=info'],
  [
    'a metrics token that can be guessed',
    { METRICS_TOKEN: 'short' },
    'METRICS_TOKEN: is shorter than 16 characters, for example METRICS_TOKEN=$(openssl rand -hex 32)',
  ],
  [
    'a metrics token with blanks',
    { METRICS_TOKEN: 'correct horse battery staple' },
    'METRICS_TOKEN: holds blanks or other characters that no bearer token can hold, for example METRICS_TOKEN=$(openssl rand -hex 32)',
  ],
  [
    'a limit of none',
    { RT_MAX_ACTIVE_PER_USER_CLIENT: '0' },
    'RT_MAX_ACTIVE_PER_USER_CLIENT: "0" is not a whole number of at least 1, for example RT_MAX_ACTIVE_PER_USER_CLIENT=200',
  ],
])('refuses %s', (_, env, message) => expect(refusal(env)).toBe(message))

test('never repeats a secret', () => {
  for (const env of [{ DATABASE_URL: 'mysql://hunter2' }, { ENCRYPTION_KEY: 'hunter2' }, { METRICS_TOKEN: 'hunter2' }])
    expect(refusal(env)).not.toContain('hunter2')
})

describe('certificate files', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'evergrant-tls-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const makePair = (name: string): Promise<unknown> => tlsFiles({ tls: 'auto', dataDir: path.join(folder, name), issuer: 'https://localhost/' })

  test('are taken when they fit, relative to the working directory', async () => {
    await makePair('a')
    expect(loadConfig({ TLS_CERT_FILE: 'a/tls/server.crt', TLS_KEY_FILE: 'a/tls/server.key' }, folder).tls).toEqual({
      certFile: path.join(folder, 'a/tls/server.crt'),
      keyFile: path.join(folder, 'a/tls/server.key'),
    })
  })

  test('are refused when they do not fit, or are something else', async () => {
    await Promise.all([makePair('a'), makePair('b')])
    writeFileSync(path.join(folder, 'text'), 'text')
    const example = 'for example TLS_KEY_FILE=/etc/evergrant/tls.key'
    expect(refusal({ TLS_CERT_FILE: 'a/tls/server.crt', TLS_KEY_FILE: 'b/tls/server.key' }, folder)).toBe(
      `TLS_KEY_FILE: "${folder}/b/tls/server.key" is not the key of the certificate in TLS_CERT_FILE, ${example}`,
    )
    expect(refusal({ TLS_CERT_FILE: 'a/tls/server.crt', TLS_KEY_FILE: 'text' }, folder)).toBe(
      `TLS_KEY_FILE: "${folder}/text" is not an unencrypted PEM private key, ${example}`,
    )
  })
})
