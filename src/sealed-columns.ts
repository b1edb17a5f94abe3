import type { SealedColumn } from './keys/sealed-column.js'

/** Every column that holds texts encrypted under a root key. The log's key comes first: it is what `verify` goes by. */
export const sealedColumns: readonly SealedColumn[] = [
  { table: 'log_keys', key: 'id', column: 'encrypted_private_key', purpose: 'log-key', holds: 'text' },
  { table: 'data_keys', key: 'name', column: 'encrypted_key', purpose: 'lookup-key', holds: 'text' },
  { table: 'signing_keys', key: 'kid', column: 'encrypted_private_key', purpose: 'signing-key', holds: 'text' },
  { table: 'person_keys', key: 'id', keyType: 'uuid', column: 'encrypted_key', purpose: 'person-key', holds: 'text' },
  { table: 'clients', key: 'client_id', column: 'encrypted_secret', purpose: 'client-secret', holds: 'text' },
  { table: 'resource_servers', key: 'id', column: 'encrypted_signing_secret', purpose: 'signing-secret', holds: 'text' },
  { table: 'connections', key: 'id', column: 'encrypted_secrets', purpose: 'connection-secrets', holds: 'text' },
  { table: 'log_streams', key: 'id', column: 'secrets', purpose: 'log-stream-secret', holds: 'members' },
  { table: 'actions', key: 'id', column: 'encrypted_secrets', purpose: 'action-secret', holds: 'list' },
  // Versions take what the draft has: they come after it.
  { table: 'action_versions', key: 'id', place: 'action_id', column: 'encrypted_secrets', purpose: 'action-secret', holds: 'list' },
]
