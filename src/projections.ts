import type { Projection } from './event-store/projection.js'
import { tenantLogsProjection } from './management/logs/tenant-logs.projection.js'
import { userLoginsProjection } from './sessions/index.js'
import { refreshTokensProjection } from './tokens/index.js'

/** Every read model, for the runner and for `rebuild`. */
export const projections: readonly Projection[] = [refreshTokensProjection, userLoginsProjection, tenantLogsProjection]
