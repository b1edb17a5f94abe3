import { availableParallelism } from 'node:os'
import path from 'node:path'
import * as read from './config-values.js'
import { type Read, WrongValue } from './config-values.js'

/** The injection token of the Config. */
export const CONFIG = Symbol('config')

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What DPoP proofs may be signed with. */
const DPOP_ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'] as const

/** What a process of one instance does: `primary` starts and watches the others. */
export type Part = 'primary' | 'http' | 'background'

/** What a refusal shows; settings carry their own. */
const EXAMPLES = {
  EVERGRANT_PROCESS: 'primary',
  PORT: '3000',
  ISSUER_URL: 'https://auth.example.com/',
  DATABASE_URL: 'postgres://evergrant:password@db.example.com:5432/evergrant',
  DATA_DIR: '.data',
  ENCRYPTION_KEY: '$(openssl rand -base64 32)',
  MANAGEMENT_CLIENT_ID: 'management',
  MANAGEMENT_CLIENT_SECRET: '$(openssl rand -hex 32)',
  ADMIN_EMAIL: 'admin@example.com',
  ADMIN_PASSWORD: '$(openssl rand -base64 18)',
  WORKERS: '2',
  ROLE: 'all',
  TLS_CERT_FILE: '/etc/evergrant/tls.crt',
  TLS_KEY_FILE: '/etc/evergrant/tls.key',
  TRUST_PROXY: 'loopback,10.0.0.0/8',
  RATE_LIMITS: 'on',
  ALLOW_PRIVATE_TARGETS: 'false',
  LOG_LEVEL: 'info',
  METRICS_TOKEN: '$(openssl rand -hex 32)',
} as const
type Variable = keyof typeof EXAMPLES

/**
 * The specification's settings: `cfg.a.b_c` is the variable A_B_C.
 * One line per setting: its name there, its default, its reader, an example for the refusal.
 */
const SETTINGS = {
  actionsAllowedHosts: setting<readonly string[]>('actions.allowed_hosts', Object.freeze([]), read.hostList, 'api.example.com,*.example.org:8443'),
  actionsEgressFirewall: setting('actions.egress_firewall', false, read.flag, 'false'),
  actionsMemoryMb: setting('actions.memory_mb', 256, read.integer(96), '256'),
  actionsNetwork: setting('actions.network', 'deny', read.oneOf('deny', 'open'), 'deny'),
  actionsOsSandbox: setting('actions.os_sandbox', 'auto', read.oneOf('auto', 'require'), 'auto'),
  actionsPoolSize: setting('actions.pool_size', 4, read.integer(1, 16), '4'),
  actionsRegistry: setting('actions.registry', 'https://registry.npmjs.org/', read.webUrl, 'https://registry.npmjs.org/'),
  actionsTimeoutMs: setting('actions.timeout_ms', 20_000, read.integer(100, 20_000), '20000'),
  backchannelAllowInsecureTargets: setting('backchannel.allow_insecure_targets', false, read.flag, 'false'),
  codeTtl: setting('code_ttl', 120, read.integer(1, 600), '120'),
  pkceAllowPlain: setting('pkce.allow_plain', false, read.flag, 'false'),
  pkceRequireForPublic: setting('pkce.require_for_public', false, read.flag, 'false'),
  consentFirstParty: setting('consent.first_party', 'skip', read.oneOf('skip', 'ask'), 'skip'),
  dpopAlgs: setting<readonly (typeof DPOP_ALGORITHMS)[number][]>(
    'dpop.algs',
    Object.freeze(['ES256'] as const),
    read.someOf(...DPOP_ALGORITHMS),
    'ES256,ES384',
  ),
  dpopNonceForConfidential: setting('dpop.nonce_for_confidential', false, read.flag, 'false'),
  errorsClientAuth: setting('errors.client_auth', 'invalid_client', read.oneOf('invalid_client', 'access_denied'), 'invalid_client'),
  geoipAsnFile: setting('geoip.asn_file', undefined, read.mmdbFile, '/var/lib/GeoIP/GeoLite2-ASN.mmdb'),
  geoipCityFile: setting('geoip.city_file', undefined, read.mmdbFile, '/var/lib/GeoIP/GeoLite2-City.mmdb'),
  introspectionEnabled: setting('introspection.enabled', true, read.flag, 'true'),
  logCheckpointAuthorization: setting('log_checkpoint.authorization', undefined, read.headerValue, 'Bearer a-token-of-the-receiver'),
  logCheckpointEverySeconds: setting('log_checkpoint.every_seconds', 60, read.integer(1, 86_400), '60'),
  logCheckpointFile: setting('log_checkpoint.file', undefined, read.text, '/mnt/audit/evergrant.checkpoint'),
  logCheckpointUrl: setting('log_checkpoint.url', undefined, read.webUrl, 'https://audit.example.com/checkpoints'),
  logStreamsDirectory: setting('log_streams.directory', undefined, read.text, '/var/log/evergrant'),
  logStreamsNatsUrl: setting('log_streams.nats_url', undefined, read.natsUrl, 'nats://user:password@nats.internal:4222'),
  logStreamsMax: setting('log_streams.max', 20, read.integer(0, 1000), '20'),
  logsRetentionDays: setting('logs.retention_days', 30, read.integer(0, 36_500), '30'),
  metadataPatch: setting('metadata.patch', 'replace', read.oneOf('replace', 'merge'), 'replace'),
  mgmtRevokeByClientAlone: setting('mgmt.revoke_by_client_alone', false, read.flag, 'false'),
  ortRequireDpopForPublicClients: setting('ort.require_dpop_for_public_clients', false, read.flag, 'false'),
  mtlsCertificateHeader: setting('mtls.certificate_header', undefined, read.headerName, 'client-certificate'),
  mtlsTrustedProxies: setting('mtls.trusted_proxies', undefined, read.trustedProxies, '10.0.0.5,10.1.0.0/16'),
  mtlsVerificationHeader: setting('mtls.verification_header', 'client-certificate-ca-verified', read.headerName, 'client-certificate-ca-verified'),
  passwordChangeRefreshTokens: setting('password_change.refresh_tokens', 'revoke', read.oneOf('revoke', 'keep'), 'revoke'),
  rateLimitsManagementPerMinute: setting('rate_limits.management_per_minute', 6000, read.integer(1), '6000'),
  rateLimitsOauthPerMinute: setting('rate_limits.oauth_per_minute', 12_000, read.integer(1), '12000'),
  revokeForeignToken: setting('revoke.foreign_token', 'ignore', read.oneOf('ignore', 'error'), 'ignore'),
  rtExpirationParameters: setting('rt.expiration_parameters', false, read.flag, 'false'),
  rtMaxActivePerUserClient: setting('rt.max_active_per_user_client', 200, read.integer(1), '200'),
  sessionsMinSeconds: setting('sessions.min_seconds', 60, read.integer(1), '60'),
  webMessageAllowCallbackOrigins: setting('web_message.allow_callback_origins', false, read.flag, 'false'),
}

/** All that the environment says. What an embedded database adds (its URL, a generated key) is still missing: `completeConfig`. */
export interface StartConfig {
  readonly part: Part
  readonly port: number
  /** With its trailing slash. */
  readonly issuer: string
  readonly databaseUrl: string | undefined
  /** Absolute. */
  readonly dataDir: string
  /** 32 bytes each, newest first. */
  readonly encryptionKeys: readonly Buffer[] | undefined
  readonly managementClient: { readonly id: string; readonly secret: string } | undefined
  readonly admin: { readonly email: string; readonly password: string } | undefined
  readonly workers: number
  readonly role: 'all' | 'http' | 'worker'
  /** `auto`: a local authority under `dataDir`/tls. */
  readonly tls: 'auto' | { readonly certFile: string; readonly keyFile: string } | undefined
  readonly trustProxy: readonly string[]
  readonly rateLimits: boolean
  readonly allowPrivateTargets: boolean
  readonly logLevel: LogLevel
  /** Bearer token that opens /metrics to others than this machine. */
  readonly metricsToken: string | undefined
  /** Whether OpenTelemetry's own variables ask for traces. */
  readonly tracing: boolean
  readonly settings: { readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K]['fallback'] }
}

export interface Config extends StartConfig {
  readonly databaseUrl: string
  readonly encryptionKeys: readonly Buffer[]
}

/** A variable is wrong or missing. The message is one line: which, what, and an example. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  constructor(variable: string, problem: string, example: string) {
    super(`${variable}: ${problem}, for example ${variable}=${example}`)
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The one reader of the environment; an empty variable counts as unset.
 * `cwd` is what relative paths start from. Errors: ConfigError for the first variable that is wrong.
 */
export function loadConfig(env: Environment = process.env, cwd = process.cwd()): StartConfig {
  const given = <T>(variable: Variable, reader: Read<T>): T | undefined => readGiven(env, variable, reader, EXAMPLES[variable])
  const both = (first: Variable, readFirst: Read<string>, second: Variable, readSecond: Read<string>): [string, string] | undefined => {
    const pair = [given(first, readFirst), given(second, readSecond)] as const
    const missing = [first, second].find((_, index) => pair[index] === undefined)
    if (!missing) return pair as [string, string]
    if (pair.every((value) => value === undefined)) return undefined
    throw new ConfigError(missing, `is missing although ${missing === first ? second : first} is set`, EXAMPLES[missing])
  }
  const file: Read<string> = (value) => read.readableFile(path.resolve(cwd, value))

  const port = given('PORT', read.integer(1, 65_535)) ?? 3000
  const database = given('DATABASE_URL', read.databaseUrl)
  const encryptionKeys = given('ENCRYPTION_KEY', read.encryptionKeys)
  if (database && !encryptionKeys) throw new ConfigError('ENCRYPTION_KEY', 'is required with DATABASE_URL: 32 bytes in base64', EXAMPLES.ENCRYPTION_KEY)
  const tls = readTls()
  const managementClient = both('MANAGEMENT_CLIENT_ID', read.text, 'MANAGEMENT_CLIENT_SECRET', read.text)
  const admin = both('ADMIN_EMAIL', read.email, 'ADMIN_PASSWORD', read.text)

  return Object.freeze({
    part: given('EVERGRANT_PROCESS', read.oneOf('primary', 'http', 'background')) ?? 'primary',
    port,
    issuer: given('ISSUER_URL', read.issuer(tls !== undefined)) ?? `${tls ? 'https' : 'http'}://localhost:${port}/`,
    databaseUrl: database,
    dataDir: path.resolve(cwd, given('DATA_DIR', read.text) ?? '.data'),
    encryptionKeys,
    managementClient: managementClient && Object.freeze({ id: managementClient[0], secret: managementClient[1] }),
    admin: admin && Object.freeze({ email: admin[0], password: admin[1] }),
    workers: given('WORKERS', read.integer(1)) ?? availableParallelism(),
    role: given('ROLE', read.oneOf('all', 'http', 'worker')) ?? 'all',
    tls,
    trustProxy: given('TRUST_PROXY', read.trustedProxies) ?? Object.freeze(['loopback']),
    rateLimits: given('RATE_LIMITS', read.oneOf('on', 'off')) !== 'off',
    allowPrivateTargets: given('ALLOW_PRIVATE_TARGETS', read.flag) ?? false,
    logLevel: given('LOG_LEVEL', read.oneOf(...LOG_LEVELS)) ?? 'info',
    metricsToken: given('METRICS_TOKEN', read.bearerToken(16)),
    tracing: wantsTraces(env),
    settings: readSettings(env),
  })

  function readTls(): StartConfig['tls'] {
    if (env['TLS_CERT_FILE'] === 'auto') {
      if (!env['TLS_KEY_FILE']) return 'auto'
      throw new ConfigError(
        'TLS_CERT_FILE',
        'is auto, which makes its own key, although TLS_KEY_FILE is set; unset one or name a certificate',
        EXAMPLES.TLS_CERT_FILE,
      )
    }
    const pair = both('TLS_CERT_FILE', file, 'TLS_KEY_FILE', file)
    if (!pair) return undefined
    const [certFile, keyFile] = pair
    const certificate = given('TLS_CERT_FILE', () => read.certificateIn(certFile))!
    given('TLS_KEY_FILE', () => read.checkKeyPair(certificate, keyFile))
    return Object.freeze({ certFile, keyFile })
  }
}

/** Adds what an embedded database brought; a configuration with DATABASE_URL is complete by itself. */
export function completeConfig(start: StartConfig, added: { databaseUrl?: string; encryptionKeys?: readonly Buffer[] } = {}): Config {
  const { databaseUrl, encryptionKeys } = { ...start, ...added }
  if (databaseUrl === undefined || encryptionKeys === undefined) throw new Error('neither DATABASE_URL nor an embedded database')
  return Object.freeze({ ...start, databaseUrl, encryptionKeys })
}

/** An empty variable counts as unset. */
function readGiven<T>(env: Environment, variable: string, reader: Read<T>, example: string): T | undefined {
  const value = env[variable]
  if (value === undefined || value === '') return undefined
  try {
    return reader(value)
  } catch (error) {
    if (error instanceof WrongValue) throw new ConfigError(variable, error.message, example)
    throw error
  }
}

/** OpenTelemetry's environment variables; the SDK reads the rest of them itself. */
function wantsTraces(env: Environment): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return false
  return ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some((name) => env[name])
}

function setting<T>(name: string, fallback: T, reader: Read<T>, example: string): { variable: string; fallback: T; reader: Read<T>; example: string } {
  return { variable: name.toUpperCase().replaceAll('.', '_'), fallback, reader, example }
}

function readSettings(env: Environment): StartConfig['settings'] {
  const entries = Object.entries(SETTINGS).map(([key, { variable, fallback, reader, example }]) => [
    key,
    readGiven<unknown>(env, variable, reader, example) ?? fallback,
  ])
  return Object.freeze(Object.fromEntries(entries)) as StartConfig['settings']
}
