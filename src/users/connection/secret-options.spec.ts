import { joinOptions, secretNames, splitOptions } from './secret-options.js'

describe('options of a connection', () => {
  const options = {
    client_id: 'x',
    client_secret: 's-1',
    passwordPolicy: 'good',
    password_dictionary: { enable: true, dictionary: ['sesame'] },
    authentication_methods: { password: { enabled: true } },
    token_endpoint: 'https://idp.example.com/token',
    gateway_authentication: { method: 'bearer', secret: 's-2' },
    configuration: { API_KEY: 's-3' },
    'dotted.name': { client_secret: 's-4' },
    signing_keys: [{ cert: 'c', key: 's-5' }],
    customScripts: { login: 'function () {}' },
  }

  it('are taken apart into open and secret ones', () => {
    const { open, secret } = splitOptions(options)
    expect(secretNames(secret)).toEqual(['client_secret', 'gateway_authentication.secret', 'configuration', 'dotted.name.client_secret', 'signing_keys.0.key'])
    expect(JSON.stringify(open)).not.toMatch(/s-\d/)
    expect(open).toMatchObject({
      passwordPolicy: 'good',
      authentication_methods: { password: { enabled: true } },
      gateway_authentication: { method: 'bearer' },
    })
  })

  it.each([
    ...['client_secret', 'app_secret', 'consumer_secret', 'secret', 'twilio_token', 'private_key', 'api_key', 'decryption_key', 'signing_key', 'key'],
    ...['configuration', 'bind_credentials', 'access_token', 'admin_access_token', 'admin_refresh_token', 'refresh_token', 'shared_secret', 'token'],
    ...['basic_auth_password', 'x_api_key', 'password', 'bindCredentials', 'apiKey', 'privateKey'],
  ])('hold a secret as %s, whatever its type', (name) => {
    for (const value of ['s', 1, ['s'], { a: 's' }]) {
      const { open, secret } = splitOptions({ [name]: value, deeper: [{ [name]: value }] })
      expect([open, secretNames(secret)]).toEqual([{ deeper: [{}] }, [name, `deeper.0.${name}`]])
    }
    expect(splitOptions({ [name]: null }).secret).toEqual({})
    expect(splitOptions({ [name]: false }).secret).toEqual({})
  })

  it('are the same when put together again', () => {
    const { open, secret } = splitOptions(options)
    expect(joinOptions(open, secret)).toEqual(options)
  })
})
