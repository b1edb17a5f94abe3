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

  it('loses what tells where somebody is, and with what', () => {
    const filter = { client_id: 'c', initial_ip: '203.0.113.1', last_ip: '203.0.113.1', initial_user_agent: 'Browser', last_user_agent: 'Browser' }
    expect(withoutSecrets({ filter, dry_run: false })).toEqual({ filter: { client_id: 'c' }, dry_run: false })
  })
})
