/** From the primary to a process that it started. */
export type Order = { type: 'stop' } | { type: 'metrics'; id: number; text: string | null }

/** From such a process to the primary. `refused`: it will never be able to work, so there is no point in starting it again. */
export type Report = { type: 'ready' } | { type: 'refused'; message: string } | { type: 'metrics'; id: number }

export const isReport = (message: unknown): message is Report =>
  typeof message === 'object' && message !== null && ['ready', 'refused', 'metrics'].includes((message as { type?: string }).type ?? '')
export const isOrder = (message: unknown): message is Order =>
  typeof message === 'object' && message !== null && ['stop', 'metrics'].includes((message as { type?: string }).type ?? '')
