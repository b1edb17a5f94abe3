import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { ActionRow } from './action-table.js'
import type { EncryptedSecret } from './secrets.js'

/** An Action that a request wants bound. */
interface Bindable {
  readonly actionId: string
  readonly name: string
  readonly triggerId: string
  readonly deployed: boolean
}

/** How an Action is named that should be bound. */
export interface BindingRef {
  readonly type: 'action_name' | 'action_id' | 'binding_id'
  readonly value: string
}

/** What commands look up in the tables of Actions. */
@Injectable()
export class ActionRows {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  /** The draft, with the bundle of its last build. */
  async find(id: string): Promise<(ActionRow & { readonly bundle_code: string | null }) | undefined> {
    const { rows } = await this.pool.query<ActionRow & { bundle_code: string | null }>({
      name: 'find-action',
      text: `select a.id, a.document, a.code, a.encrypted_secrets, a.created_at, a.updated_at, b.code as bundle_code
             from actions a left join action_bundles b on b.hash = a.bundle where a.id = $1`,
      values: [id],
    })
    return rows[0]
  }

  /** The draft's secrets; none for an Action that is not there. */
  async secretsOf(id: string): Promise<readonly EncryptedSecret[]> {
    const { rows } = await this.pool.query<Pick<ActionRow, 'encrypted_secrets'>>('select encrypted_secrets from actions where id = $1', [id])
    return rows[0]?.encrypted_secrets ?? []
  }

  /** In the order asked; undefined for what names no Action. */
  async bindable(triggerId: string, refs: readonly BindingRef[]): Promise<(Bindable | undefined)[]> {
    const { rows } = await this.pool.query<Bindable & { place: number }>(
      `select r.place::int as place, a.id as "actionId", a.name, a.trigger_id as "triggerId", a.document->>'deployed' is not null as deployed
       from unnest($2::text[], $3::text[]) with ordinality as r(type, value, place)
       join actions a on case r.type when 'action_name' then a.name = r.value when 'action_id' then a.id = r.value
         else a.id = (select b.action_id from trigger_bindings b where b.id = r.value and b.trigger_id = $1) end`,
      [triggerId, refs.map(({ type }) => type), refs.map(({ value }) => value)],
    )
    return refs.map((_, n) => rows.find(({ place }) => place === n + 1))
  }
}
