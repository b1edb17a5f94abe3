import type { LookupKey } from '../../keys/lookup-key.js'
import { lookupsOf } from './lookups.js'

const lookupKey = { of: (_kind: string, text: string) => Promise.resolve(Buffer.from(text.padEnd(16))) } as unknown as LookupKey

it('takes metadata of any number of members, and finds by five hundred of them', async () => {
  const user_metadata = Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`m${n}`, n]))
  expect((await lookupsOf(lookupKey, { user_metadata })).search.length).toBeLessThan(600)
})
