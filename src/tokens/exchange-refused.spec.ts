import { ExchangeRefused } from './exchange-refused.js'

it('a refusal keeps the words of an Action as they are, and no others', () => {
  const words = 'Zugriff verweigert für Jürgen'
  const actions = { id: 'execution', actions: [] }
  expect(new ExchangeRefused('access_denied', words, { reason: 'actions: denied', actions }).description).toBe(words)
  expect(new ExchangeRefused('access_denied', words, { reason: 'scope' }).description).toBe('Zugriff verweigert f?r J?rgen')
})
