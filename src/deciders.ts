import { action, triggerBindings } from './actions/index.js'
import { audit } from './audit/audit.events.js'
import { logStream } from './audit/log-stream/log-stream.js'
import { notice } from './audit/notice.js'
import { authorizationCode, client, clientGrant, consent, resourceServer } from './authorization/index.js'
import { installation } from './bootstrap/installation.js'
import type { Decider, Event } from './event-store/event.js'
import { person } from './keys/person.events.js'
import { signingKeySet } from './keys/signing-key-set.js'
import { session } from './sessions/index.js'
import { family, refreshTokenMark, revocation } from './tokens/index.js'
import { connection, deviceKey, invitation, organization, role, tenant, user } from './users/index.js'

/** Every kind of stream, for `fold`. */
export const deciders = [
  installation,
  signingKeySet,
  person,
  tenant,
  connection,
  user,
  deviceKey,
  role,
  organization,
  invitation,
  client,
  resourceServer,
  clientGrant,
  consent,
  action,
  triggerBindings,
  session,
  authorizationCode,
  family,
  refreshTokenMark,
  revocation,
  audit,
  notice,
  logStream,
] as unknown as readonly Decider<unknown, Event>[]
