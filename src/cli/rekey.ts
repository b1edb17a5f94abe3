import type pg from 'pg'
import { createOwnerClient } from '../database/pool.js'
import { renewColumn } from '../keys/renew-column.js'
import type { RootKeys } from '../keys/root-key.js'
import { countByKey } from '../keys/sealed-column.js'
import { sealedColumns } from '../sealed-columns.js'
import { type Command, FINE, FOUND_WRONG, parseOptions } from './command.js'
import { withDatabase } from './database.js'

export const rekey: Command = {
  summary: 'encrypt everything under the newest key of ENCRYPTION_KEY',
  help: `Usage: evergrant rekey

Encrypts what is stored under older keys of ENCRYPTION_KEY (people's keys, the log's and the signing keys, secrets of clients, APIs,
connections, log streams and Actions) under its first, the newest. Says for each table how many it changed and how many are left
under which other key, and how many refresh tokens need an older key to stay in the list (docs/container.md).

Every process of the service must have the newest key in its list before. It may go on running; safe to kill, to repeat and to run twice
at once. Values in events are encrypted under people's own keys and stay as they are.

Exit codes: 0 nothing is left under another key, 1 something is, 2 not possible.
`,
  async run(args) {
    parseOptions(args, { options: {} })
    return withDatabase(async ({ databaseUrl, rootKeys }) => {
      const db = createOwnerClient(databaseUrl)
      await db.connect()
      try {
        const left = await rekeyDatabase(db, rootKeys, (line) => process.stdout.write(`${line}\n`))
        return left === 0 ? FINE : FOUND_WRONG
      } finally {
        await db.end()
      }
    })
  },
}

/** Tells what it did, line by line; answers how many texts are left under other keys than the newest. */
export async function rekeyDatabase(db: pg.Client, rootKeys: RootKeys, tell: (line: string) => void): Promise<number> {
  let left = 0
  for (const column of sealedColumns) {
    const changed = await renewColumn(db, rootKeys, column)
    const others = [...(await countByKey(db, column))].filter(([keyId]) => keyId !== rootKeys.newestId)
    const kept = others.map(([keyId, texts]) => `, ${texts} left ${reason(rootKeys, keyId)}`)
    tell(`${column.table}: ${changed} changed${kept.join('')}`)
    left += others.reduce((sum, [, texts]) => sum + texts, 0)
  }
  for (const { key_id, tokens } of await refreshTokensUnderOthers(db, rootKeys)) {
    tell(`refresh tokens: ${tokens} ${rootKeys.ids.includes(key_id) ? `need ${key_id} to stay in` : `are lost while ${key_id} is not in`} ENCRYPTION_KEY`)
  }
  tell(`the newest key is ${rootKeys.newestId}: ${left === 0 ? 'nothing is' : `${left} are`} left under another`)
  return left
}

function reason({ ids }: RootKeys, keyId: string): string {
  if (keyId === '') return 'that this service did not encrypt'
  return ids.includes(keyId)
    ? `under ${keyId}: written meanwhile, which a repetition changes, or tampered with`
    : `under ${keyId}, which is not in ENCRYPTION_KEY`
}

/** Of families that are alive, but for those that a mass revocation ended. */
async function refreshTokensUnderOthers(db: pg.Client, { newestId }: RootKeys): Promise<{ key_id: string; tokens: number }[]> {
  const { rows } = await db.query<{ key_id: string; tokens: number }>(
    `select state->>'keyId' as key_id, count(*) as tokens from streams
     where type = 'refresh_token_family' and state->>'status' = 'active' and state->>'keyId' <> $1
       and coalesce((state->>'expiresAt')::timestamptz > now(), true) and coalesce((state->>'idleExpiresAt')::timestamptz > now(), true)
     group by 1 order by 1`,
    [newestId],
  )
  return rows
}
