import type { Projection } from './event-store/projection.js'
import { tenantLogsProjection } from './management/logs/tenant-logs.projection.js'
import { sessionsProjection, userLoginsProjection } from './sessions/index.js'
import { refreshTokenDevicesProjection, refreshTokensProjection } from './tokens/index.js'

/** Every read model, for the runner and for `rebuild`. */
export const projections: readonly Projection[] = [
  refreshTokensProjection,
  refreshTokenDevicesProjection,
  userLoginsProjection,
  sessionsProjection,
  tenantLogsProjection,
]
