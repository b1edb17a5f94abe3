import { matchesDocument } from './match-document.js'
import { parseSearch } from './parse-search.js'

const API = {
  name: 'Orders',
  identifier: 'https://orders.example/',
  is_system: false,
  token_lifetime: 3600,
  scopes: [{ value: 'read:a' }, { value: 'read:b' }],
}
const matches = (q: string): boolean => matchesDocument(parseSearch(q), API, ['name', 'identifier'])

describe('a document', () => {
  it.each([
    [''],
    ['Orders'],
    ['name:Orders'],
    ['name:Ord*'],
    ['scopes.value:"read:b"'],
    ['is_system:false AND token_lifetime:[3600 TO *]'],
    ['token_lifetime:{3599 TO 3601}'],
    ['name:Other OR identifier:"https://orders.example/"'],
    ['NOT name:Other'],
    ['_exists_:scopes.value'],
  ])('matches %s', (q) => expect(matches(q)).toBe(true))

  it.each([
    ['orders'],
    ['name:Order'],
    ['is_system:true'],
    ['token_lifetime:{3600 TO *]'],
    ['token_lifetime:[* TO 400]'],
    ['_exists_:signing_secret'],
    ['constructor.name:Object'],
    ['NOT name:Ord*'],
  ])('does not match %s', (q) => expect(matches(q)).toBe(false))
})
