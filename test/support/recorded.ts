import type { TestApp } from './app.js'

export interface Recorded {
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>>
}

/** The events of a type, in the order in which they were appended. */
export async function recorded({ pool }: TestApp, type: string): Promise<Recorded[]> {
  const { rows } = await pool.query<Recorded>('select data, metadata from events where type = $1 order by sequence', [type])
  return rows
}
