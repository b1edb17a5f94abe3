import { withoutPersonalFields } from './personal-fields.js'

const MASKED = '*****'

it('conceals an address wherever it stands, once it is to be concealed in one place', async () => {
  const event = { type: 'ss', user_name: 'ada@example.com', details: { body: { email: 'ada@example.com', others: ['eve@example.com'] } } }
  expect(await withoutPersonalFields(event, { log_fields: ['username'] })).toEqual({
    type: 'ss',
    user_name: MASKED,
    details: { body: { email: MASKED, others: ['eve@example.com'] } },
  })
})

it('leaves alone what somebody has named themselves after', async () => {
  const event = { type: 'fp', user_name: 'fp', client_name: 'fp' }
  expect(await withoutPersonalFields(event, { log_fields: ['username'] })).toEqual({ type: 'fp', user_name: MASKED, client_name: 'fp' })
})
