import { Injectable } from '@nestjs/common'
import type { Origin, PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { AttachedMetadata } from '../../metadata.js'
import type { ActiveSession } from '../../sessions/index.js'
import { ShowDevices } from '../show-devices.js'
import { showSession } from './sessions.dto.js'

interface Found {
  readonly sessionId: string
  readonly session: ActiveSession
}

/** Opens what is sealed in sessions: all keys of a page by one query. */
@Injectable()
export class ShowSessions {
  constructor(
    private readonly personKeys: PersonKeys,
    private readonly devices: ShowDevices,
  ) {}

  async many(found: readonly Found[]): Promise<object[]> {
    const sealed = found.flatMap(({ session: { initialOrigin, lastOrigin, metadata } }) => [initialOrigin, lastOrigin, metadata])
    const present = sealed.filter((value): value is PersonalData => value !== null)
    const opened = await this.personKeys.openMany<unknown>(present)
    const values = new Map(present.map((value, n) => [value, opened[n]]))
    const open = <T>(value: PersonalData | null): T | undefined => (value === null ? undefined : (values.get(value) as T | undefined))
    const devices = await this.devices.many(
      found.map(({ session: { initialOrigin, lastOrigin } }) => ({ initial: open<Origin>(initialOrigin), last: open<Origin>(lastOrigin) })),
    )
    return found.map(({ sessionId, session }, n) =>
      showSession(sessionId, session, { device: devices[n]!, metadata: open<AttachedMetadata>(session.metadata) }),
    )
  }

  async one(sessionId: string, session: ActiveSession): Promise<object> {
    const [shown] = await this.many([{ sessionId, session }])
    return shown!
  }
}
