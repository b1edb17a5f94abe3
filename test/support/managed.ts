import type { Json, TestApp } from './app.js'
import { DIRECTORY, PASSWORD } from './people.js'

/** What tests of the Management API make by it, over and over. Each takes the service by a function: there is one only once a file's tests begin. */
type Running = () => TestApp
type Call = ReturnType<TestApp['api']>

export interface User {
  readonly user_id: string
  readonly email: string
}

export const userPath = (id: string): string => `users/${encodeURIComponent(id)}`

/** People in the default directory. */
export function usersOf(service: Running) {
  let serial = 0
  const address = (): string => `jane.${++serial}@example.com`
  const create = (body: object): Call => service().api('POST', 'users', { connection: DIRECTORY, password: PASSWORD, email: address(), ...body })
  const made = async (body: object = {}): Promise<User> => {
    const { status, body: user } = await create(body)
    expect({ status, user }).toMatchObject({ status: 201 })
    return user as User
  }
  const search = async (q: string, more = ''): Promise<string[]> => {
    const { status, body } = await service().api('GET', `users?q=${encodeURIComponent(q)}&${more}`)
    expect({ q, status, body }).toMatchObject({ status: 200 })
    return (body as User[]).map(({ user_id }) => user_id)
  }
  return { address, create, made, search }
}

/** Clients as an operator makes and changes them. */
export function clientsOf(service: Running) {
  const create = async (body: object): Promise<Json> => {
    const { status, body: client } = await service().api('POST', 'clients', body)
    expect({ status, client }).toMatchObject({ status: 201 })
    return client
  }
  const patch = (id: string, body: unknown): Call => service().api('PATCH', `clients/${id}`, body)
  return { create, patch }
}

export interface Connection {
  readonly id: string
  readonly name: string
  readonly options: object
}

/** Database connections beside the default directory, or what `body` makes of them. */
export function connectionsOf(service: Running) {
  let serial = 0
  const newName = (): string => `database-${++serial}`
  const create = (body: object = {}): Call => service().api('POST', 'connections', { name: newName(), strategy: 'auth0', ...body })
  const made = async (body: object = {}): Promise<Connection> => {
    const { status, body: connection } = await create(body)
    expect({ status, connection }).toMatchObject({ status: 201 })
    return connection as Connection
  }
  return { newName, create, made }
}
