import type { JsonSchema } from '../validation/schema.js'

interface QueryParameter {
  readonly schema: JsonSchema
  readonly description: string
}

const text: JsonSchema = { type: 'string' }
const flag: JsonSchema = { type: 'boolean' }
const time: JsonSchema = { type: 'string', format: 'date-time' }

/** Query parameters that are more than a text by their name, or whose name does not say what they are for. */
const KNOWN: Readonly<Record<string, QueryParameter>> = {
  page: { schema: { type: 'integer', minimum: 0 }, description: 'Number of the page, from 0.' },
  per_page: { schema: { type: 'integer', minimum: 0, maximum: 100 }, description: 'Items on a page.' },
  include_totals: { schema: flag, description: 'Answer an object with the number of all items instead of a bare array.' },
  from: { schema: text, description: '`next` of the page before; good for 24 hours.' },
  take: { schema: { type: 'integer', minimum: 1, maximum: 100 }, description: 'Items on a page that is asked for by `from`.' },
  fields: { schema: text, description: 'Members to answer, separated by commas; a dot reaches into an object.' },
  include_fields: { schema: flag, description: '`false` leaves out the members of `fields` instead.' },
  is_global: { schema: flag, description: 'Only the global client, or all but it.' },
  is_first_party: { schema: flag, description: 'Only clients of the own organization, or of others.' },
  app_type: { schema: text, description: 'Types of clients, separated by commas.' },
  strategy: { schema: { type: 'array', items: text }, description: 'Kinds of connections; may be repeated.' },
  identifiers: { schema: { type: 'array', items: text }, description: 'Identifiers of APIs; may be repeated.' },
  grant_ids: { schema: { type: 'array', items: text }, description: 'Ids of client grants; may be repeated.' },
  allow_any_organization: { schema: flag, description: 'Only grants that every organization may use, or all but those.' },
  subject_type: { schema: { type: 'string', enum: ['client', 'user'] }, description: 'For whom a grant is.' },
  deployed: { schema: flag, description: 'Only actions that have been deployed, or all but those.' },
  installed: { schema: flag, description: 'Only actions that were installed from elsewhere; there are none.' },
  force: { schema: flag, description: 'Delete also what is bound.' },
  q: { schema: text, description: "A search in the part of Lucene's syntax that Auth0 knows." },
  search: { schema: text, description: 'The older name of `q`; with both, both count.' },
  sort: { schema: { type: 'string', pattern: '^[\\w.]+:(1|-1)$' }, description: 'A field and its direction, such as `date:-1`.' },
  search_engine: { schema: { type: 'string', enum: ['v1', 'v2', 'v3'] }, description: 'Taken for the sake of older clients.' },
  primary_order: { schema: flag, description: 'Taken for the sake of older clients.' },
  issued_from: { schema: time, description: 'Issued at this time or later.' },
  issued_to: { schema: time, description: 'Issued before this time.' },
  identifier: { schema: text, description: 'An email address, a username or a phone number.' },
  consider_brute_force_enablement: { schema: flag, description: 'Taken for the sake of other clients: nothing switches the limit off.' },
  name_filter: { schema: text, description: 'A part of the name.' },
}

/** The parameter as OpenAPI writes it. */
export function queryParameter(name: string): object {
  const { schema, description } = KNOWN[name] ?? { schema: text, description: undefined }
  const repeated = schema['type'] === 'array' && { style: 'form', explode: true }
  return { name, in: 'query', schema, ...(description !== undefined && { description }), ...repeated }
}
