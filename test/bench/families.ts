import { CommandBus } from '@nestjs/cqrs'
import pg from 'pg'
import { IssueRefreshToken, type IssuedRefreshToken, RedeemRefreshToken } from '../../src/tokens/index.js'
import type { Bench } from './row.js'
import type { Template } from './cluster.js'
import { settle } from './scene.js'
import { configOf, startService } from './service.js'

export const CLIENT = 'bench'
export const POLICY = { absoluteSeconds: 30 * 86_400, idleSeconds: 15 * 86_400, leewaySeconds: 0 }
/** Of usual length: both stand, sealed, in every event. */
export const ORIGIN = { ip: '203.0.113.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36' }

export interface SeededFamily {
  readonly userId: string
  readonly familyId: string
  readonly token: string
}

/** What a rotation stores, to the letter: for rows that append without deciding. */
export interface StoredRotation {
  readonly state: string
  readonly state_version: number
  readonly type: string
  readonly data: string
  readonly metadata: string
  readonly hash: Buffer
}

export interface Seeded {
  readonly families: readonly SeededFamily[]
  readonly rotation: StoredRotation
}

const CONCURRENT = 64

/** A database with families of rotating tokens, each of another person, sealed and projected. */
export const seededFamilies = ({ cluster }: Bench, count: number): Promise<Template<Seeded>> =>
  cluster.template(`families_${count}`, async (url) => {
    const service = await startService(configOf(url))
    try {
      const commands = service.get(CommandBus)
      const families: SeededFamily[] = []
      const issueNext = async (): Promise<void> => {
        for (let next = started++; next < count; next = started++) families.push(await issue(commands, `auth0|${next.toString(16).padStart(24, '0')}`))
      }
      let started = 0
      await Promise.all(Array.from({ length: CONCURRENT }, issueNext))
      const rotation = await rotateOnce(commands, service.get(pg.Pool))
      await settle(url, service)
      return { families, rotation }
    } finally {
      await service.close()
    }
  })

async function issue(commands: CommandBus, userId: string): Promise<SeededFamily> {
  const grant = {
    userId,
    clientId: CLIENT,
    sessionId: null,
    audience: 'https://api.example.com',
    scope: ['offline_access', 'openid', 'profile', 'read:orders'],
    rotating: true,
  }
  const { familyId, refreshToken }: IssuedRefreshToken = await commands.execute(new IssueRefreshToken(grant, POLICY, ORIGIN))
  return { userId, familyId, token: refreshToken }
}

async function rotateOnce(commands: CommandBus, pool: pg.Pool): Promise<StoredRotation> {
  const { familyId, token } = await issue(commands, 'auth0|sample')
  await commands.execute(new RedeemRefreshToken(token, CLIENT, POLICY, ORIGIN))
  return storedRotation(pool, familyId)
}

/** What a family's latest event left behind. */
export async function storedRotation(pool: pg.Pool, familyId: string): Promise<StoredRotation> {
  const { rows } = await pool.query<StoredRotation>(
    `select s.state::text, s.state_version, e.type, e.data::text, e.metadata::text, e.hash
     from streams s join events e on e.stream_id = s.id and e.version = s.version where s.id = $1`,
    [`refresh_token_family-${familyId}`],
  )
  return rows[0]!
}
