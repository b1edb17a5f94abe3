import { audit } from './audit/audit.events.js'
import { authorizationCode, client, clientGrant, resourceServer } from './authorization/index.js'
import { installation } from './bootstrap/installation.js'
import type { Decider, Event } from './event-store/event.js'
import { person } from './keys/person.events.js'
import { signingKeySet } from './keys/signing-key-set.js'
import { session } from './sessions/index.js'
import { family } from './tokens/index.js'
import { connection, tenant, user } from './users/index.js'

/** Every kind of stream, for `fold`. */
export const deciders = [
  installation,
  signingKeySet,
  person,
  tenant,
  connection,
  user,
  client,
  resourceServer,
  clientGrant,
  session,
  authorizationCode,
  family,
  audit,
] as unknown as readonly Decider<unknown, Event>[]
