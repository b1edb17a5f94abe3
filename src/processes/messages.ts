/** From the primary to a process that it started. `changed`: another process, `by`, changed settings; `known`: all of them know of its own change. */
export type Order =
  | { type: 'stop' }
  | { type: 'metrics'; id: number; text: string | null }
  | { type: 'changed'; id: number; by: number; streamId: string }
  | { type: 'known'; id: number }

/**
 * From such a process to the primary. `refused`: it will never be able to work, so there is no point in starting it again. `known` answers a `changed`
 * that came from `by`.
 */
export type Report =
  | { type: 'ready' }
  | { type: 'refused'; message: string }
  | { type: 'metrics'; id: number }
  | { type: 'changed'; id: number; streamId: string }
  | { type: 'known'; id: number; by: number }

const isOneOf = (types: readonly string[], message: unknown): boolean =>
  typeof message === 'object' && message !== null && types.includes((message as { type?: string }).type ?? '')

export const isReport = (message: unknown): message is Report => isOneOf(['ready', 'refused', 'metrics', 'changed', 'known'], message)
export const isOrder = (message: unknown): message is Order => isOneOf(['stop', 'metrics', 'changed', 'known'], message)
