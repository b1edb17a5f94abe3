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

/** The types of a refresh-token family's events, in order. */
export async function familyEvents({ pool }: TestApp, familyId: string): Promise<string[]> {
  const { rows } = await pool.query<{ type: string }>('select type from events where stream_id = $1 order by version', [`refresh_token_family-${familyId}`])
  return rows.map(({ type }) => type)
}
