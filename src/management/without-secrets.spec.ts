import { withoutSecrets } from './without-secrets.js'

describe('a body in the log', () => {
  it('keeps settings and loses secrets, however deep', () => {
    const body = {
      name: 'App',
      client_secret: 's3cret',
      token_endpoint_auth_method: 'client_secret_post',
      refresh_token: { rotation_type: 'rotating', token_lifetime: 60 },
      signing_secret: 's3cret',
      sinks: [{ httpEndpoint: 'https://x', httpAuthorization: 'Bearer s3cret', splunkToken: 's3cret' }],
      client_authentication_methods: { private_key_jwt: { credentials: [{ name: 'k', pem: 's3cret' }] } },
      options: { client_secret: 's3cret', apiKey: 's3cret', password: 's3cret' },
    }
    const kept = withoutSecrets(body)
    expect(kept).toEqual({
      name: 'App',
      client_secret: 'REDACTED',
      token_endpoint_auth_method: 'client_secret_post',
      refresh_token: { rotation_type: 'rotating', token_lifetime: 60 },
      sinks: [{ httpEndpoint: 'https://x' }],
      client_authentication_methods: { private_key_jwt: { credentials: [{ name: 'k' }] } },
      options: { client_secret: 'REDACTED' },
    })
  })

  it.each(['text', 7, { MY_CFG: 's3cret' }, ['s3cret'], [{ value: 's3cret' }]])('has no secret, be it %j', (secret) => {
    const names = ['api_key', 'bind_credentials', 'bindCredentials', 'configuration', 'key', 'password', 'refresh_token', 'secret', 'token', 'x_api_key']
    const options = Object.fromEntries(names.map((name) => [name, secret]))
    const sink = { httpAuthorization: secret, httpCustomHeaders: [{ header: 'x', value: secret }], datadogApiKey: secret, sumoSourceAddress: secret }
    expect(withoutSecrets({ options: { ...options, deeper: [options] }, sink, secrets: [{ name: 'A', value: secret }], code: secret })).toEqual({
      options: { deeper: [{}] },
      sink: { httpCustomHeaders: [{ header: 'x' }] },
      secrets: [{ name: 'A' }],
    })
  })

  it('says where there is none', () => {
    const body = { change_password: { enabled: false }, options: { twilio_token: null, token: false, authentication_methods: { password: { enabled: true } } } }
    expect(withoutSecrets(body)).toEqual(body)
  })

  it('keeps what only shares a name with a secret elsewhere', () => {
    const body = {
      scopes: [{ value: 'admin:all', description: 'd' }],
      bindings: [{ ref: { type: 'action_name', value: 'A' } }],
      client_metadata: { key: 'k', code: 'c', value: 'v' },
      options: { passwordPolicy: 'low', authorization_endpoint: 'https://idp.example.com/authorize' },
    }
    expect(withoutSecrets(body)).toEqual(body)
  })

  it('has dates as they are answered', () => {
    expect(withoutSecrets({ deleted_at: new Date(0), never: new Date(NaN) })).toEqual({ deleted_at: '1970-01-01T00:00:00.000Z', never: null })
  })

  it('loses what tells where somebody is, and with what', () => {
    const filter = { client_id: 'c', initial_ip: '203.0.113.1', last_ip: '203.0.113.1', initial_user_agent: 'Browser', last_user_agent: 'Browser' }
    expect(withoutSecrets({ filter, dry_run: false })).toEqual({ filter: { client_id: 'c' }, dry_run: false })
  })
})
