import { SetMetadata } from '@nestjs/common'

export const PARAMETERS = 'management:parameters'

const OFFSET = ['page', 'per_page', 'include_totals'] as const
const CHECKPOINT = ['from', 'take'] as const

/** Parameters of lists and of answers of which parts can be asked for (spec/management-api.md §1.4, §1.7). */
export const PAGES = OFFSET
export const CHECKPOINTS = [...CHECKPOINT, 'include_totals'] as const
export const BOTH_PAGES = [...OFFSET, ...CHECKPOINT] as const
export const FIELDS = ['fields', 'include_fields'] as const

/** Names the query parameters that a route reads, for the API's description. */
export const Parameters = (...names: readonly string[]): MethodDecorator => SetMetadata(PARAMETERS, names)
