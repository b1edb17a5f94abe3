import type { Projection } from './event-store/projection.js'
import { refreshTokensProjection } from './tokens/index.js'

/** Every read model, for the runner and for `rebuild`. */
export const projections: readonly Projection[] = [refreshTokensProjection]
