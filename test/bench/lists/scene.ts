import type pg from 'pg'
import type { PersonKeys } from '../../../src/keys/person-keys.js'
import { AUDIENCE, type ListScene, RARE_AUDIENCE } from './seed.js'

/** A call of the Management API that answers the body. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what an answer's body is, its reader says
export type Call = (method: string, path: string, body?: object) => Promise<any>

/** Makes what lists refer to, as an operator would, and seals what rows hold of people. */
export async function setUpLists(call: Call, db: pg.Client, keys: PersonKeys): Promise<ListScene> {
  const [connection] = (await call('GET', 'connections?name=Username-Password-Authentication')) as ListScene['connection'][]
  for (const identifier of [AUDIENCE, RARE_AUDIENCE]) await call('POST', 'resource-servers', { name: identifier, identifier, allow_offline_access: true })
  const { client_id: clientId } = (await call('POST', 'clients', { name: 'Large' })) as { client_id: string }
  const origin = await keys.seal('someone', { ip: '198.51.100.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' })
  const email = await keys.seal('someone', 'somebody.with.a.name@example.com')
  const { rows } = await db.query<{ id: string }>(`select id from person_keys where person_id = 'someone'`)
  return { clientId, connection: connection!, origin, email, keyId: rows[0]!.id }
}
