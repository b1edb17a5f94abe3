import { Inject, Injectable } from '@nestjs/common'
import { CONFIG, type Config } from '../../config.js'
import type { Origin, PersonalData } from '../../event-store/event.js'
import { PersonKeys } from '../../keys/person-keys.js'
import type { RefreshTokenRecord } from '../../tokens/index.js'
import { ShowDevices } from '../show-devices.js'
import { showRefreshToken } from './refresh-tokens.dto.js'

/** Opens what is sealed in refresh tokens: all keys of a page by one query. */
@Injectable()
export class ShowRefreshTokens {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly personKeys: PersonKeys,
    private readonly devices: ShowDevices,
  ) {}

  async many(tokens: readonly RefreshTokenRecord[]): Promise<object[]> {
    const sealed = tokens.flatMap(({ initial_origin, last_origin, metadata }) => [initial_origin, last_origin, metadata])
    const present = sealed.filter((value) => value !== null) as PersonalData[]
    const opened = await this.personKeys.openMany<unknown>(present)
    const values = new Map(present.map((value, n) => [value as string, opened[n]]))
    const open = <T>(value: string | null): T | undefined => (value === null ? undefined : (values.get(value) as T | undefined))
    const devices = await this.devices.many(
      tokens.map(({ initial_origin, last_origin }) => ({ initial: open<Origin>(initial_origin), last: open<Origin>(last_origin) })),
    )
    return tokens.map((token, n) =>
      showRefreshToken(token, { device: devices[n]!, metadata: open<Record<string, string>>(token.metadata) }, this.config.issuer),
    )
  }

  async one(token: RefreshTokenRecord): Promise<object> {
    const [shown] = await this.many([token])
    return shown!
  }
}
