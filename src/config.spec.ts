import os from 'node:os'
import { completeConfig, loadConfig } from './config.js'

const key = Buffer.alloc(32, 1).toString('base64')
const olderKey = Buffer.alloc(32, 2).toString('base64')
const url = 'postgres://user:hunter2@localhost/evergrant'

describe('defaults', () => {
  const config = loadConfig({}, '/srv')

  test('are those of the contract', () => {
    expect(config).toEqual({
      part: 'primary',
      port: 3000,
      issuer: 'http://localhost:3000/',
      databaseUrl: undefined,
      dataDir: '/srv/.data',
      encryptionKeys: undefined,
      managementClient: undefined,
      admin: undefined,
      workers: os.availableParallelism(),
      role: 'all',
      tls: undefined,
      trustProxy: ['loopback'],
      rateLimits: true,
      allowPrivateTargets: false,
      logLevel: 'info',
      metricsToken: undefined,
      tracing: false,
      settings: {
        actionsAllowedHosts: [],
        actionsEgressFirewall: false,
        actionsMemoryMb: 256,
        actionsNetwork: 'deny',
        actionsOsSandbox: 'auto',
        actionsPoolSize: 4,
        actionsRegistry: 'https://registry.npmjs.org/',
        actionsTimeoutMs: 20_000,
        backchannelAllowInsecureTargets: false,
        geoipAsnFile: undefined,
        geoipCityFile: undefined,
        codeTtl: 120,
        consentFirstParty: 'skip',
        pkceAllowPlain: false,
        pkceRequireForPublic: false,
        dpopAlgs: ['ES256'],
        dpopNonceForConfidential: false,
        errorsClientAuth: 'invalid_client',
        introspectionEnabled: true,
        logCheckpointAuthorization: undefined,
        logCheckpointEverySeconds: 60,
        logCheckpointFile: undefined,
        logCheckpointUrl: undefined,
        logStreamsDirectory: undefined,
        logStreamsMax: 20,
        logStreamsNatsUrl: undefined,
        logsRetentionDays: 30,
        metadataPatch: 'replace',
        mgmtRevokeByClientAlone: false,
        mtlsCertificateHeader: undefined,
        mtlsTrustedProxies: undefined,
        mtlsVerificationHeader: 'client-certificate-ca-verified',
        ortRequireDpopForPublicClients: false,
        passwordChangeRefreshTokens: 'revoke',
        rateLimitsManagementPerMinute: 6000,
        rateLimitsOauthPerMinute: 12_000,
        revokeForeignToken: 'ignore',
        rtExpirationParameters: false,
        rtMaxActivePerUserClient: 200,
        sessionsMinSeconds: 60,
        webMessageAllowCallbackOrigins: false,
      },
    })
  })

  test('take an empty variable for an unset one', () =>
    expect(loadConfig({ PORT: '', DATABASE_URL: '', TLS_CERT_FILE: '', RT_MAX_ACTIVE_PER_USER_CLIENT: '' }, '/srv')).toEqual(config))
  test('cannot be changed', () => expect([config, config.settings, config.trustProxy].every(Object.isFrozen)).toBe(true))
  test('put the port into the issuer', () => expect(loadConfig({ PORT: '8080' }).issuer).toBe('http://localhost:8080/'))
  test('speak https when the service has TLS', () =>
    expect(loadConfig({ PORT: '8443', TLS_CERT_FILE: 'auto' })).toMatchObject({ issuer: 'https://localhost:8443/', tls: 'auto' }))
})

test('reads every variable', () => {
  const env = {
    PORT: '8080',
    ISSUER_URL: 'https://auth.example.com/',
    DATABASE_URL: url,
    DATA_DIR: 'elsewhere',
    ENCRYPTION_KEY: `${key}, ${olderKey}`,
    MANAGEMENT_CLIENT_ID: 'm2m',
    MANAGEMENT_CLIENT_SECRET: 's',
    ADMIN_EMAIL: 'a@b.c',
    ADMIN_PASSWORD: 'p',
    WORKERS: '3',
    ROLE: 'http',
    TRUST_PROXY: 'uniquelocal, 192.0.2.1 ,2001:db8::/32',
    RATE_LIMITS: 'off',
    ALLOW_PRIVATE_TARGETS: 'true',
    LOG_LEVEL: 'warn',
    METRICS_TOKEN: '0123456789abcdef',
    DPOP_ALGS: 'EdDSA, ES256',
    MTLS_CERTIFICATE_HEADER: 'X-Client-Cert',
    MTLS_TRUSTED_PROXIES: '192.0.2.0/24',
    RT_EXPIRATION_PARAMETERS: 'true',
    RT_MAX_ACTIVE_PER_USER_CLIENT: '5',
  }
  expect(loadConfig(env, '/srv')).toMatchObject({
    port: 8080,
    issuer: 'https://auth.example.com/',
    databaseUrl: url,
    dataDir: '/srv/elsewhere',
    encryptionKeys: [Buffer.alloc(32, 1), Buffer.alloc(32, 2)],
    managementClient: { id: 'm2m', secret: 's' },
    admin: { email: 'a@b.c', password: 'p' },
    workers: 3,
    role: 'http',
    trustProxy: ['uniquelocal', '192.0.2.1', '2001:db8::/32'],
    rateLimits: false,
    allowPrivateTargets: true,
    logLevel: 'warn',
    metricsToken: '0123456789abcdef',
    settings: {
      dpopAlgs: ['EdDSA', 'ES256'],
      mtlsCertificateHeader: 'x-client-cert',
      mtlsTrustedProxies: ['192.0.2.0/24'],
      rtExpirationParameters: true,
      rtMaxActivePerUserClient: 5,
    },
  })
})

test.each(['http://localhost/', 'http://app.localhost:3000/', 'http://127.9.9.9/', 'http://[::1]:3000/'])('accepts the http issuer %s', (issuer) =>
  expect(loadConfig({ ISSUER_URL: issuer }).issuer).toBe(issuer),
)

describe('traces', () => {
  test.each(['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])('are made when %s is set', (name) =>
    expect(loadConfig({ [name]: 'x' }).tracing).toBe(true),
  )
  test('are not made when OpenTelemetry is switched off', () => {
    expect(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' }).tracing).toBe(false)
    expect(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_TRACES_EXPORTER: 'none' }).tracing).toBe(false)
  })
})

describe('completing', () => {
  test('adds what the embedded database brought', () =>
    expect(completeConfig(loadConfig({}), { databaseUrl: url, encryptionKeys: [Buffer.alloc(32)] })).toMatchObject({
      databaseUrl: url,
      encryptionKeys: [Buffer.alloc(32)],
    }))
  test('needs a database', () => expect(() => completeConfig(loadConfig({}))).toThrow('neither DATABASE_URL nor an embedded database'))
})
