import type { EventClient, EventOrganization, EventRequest } from './post-login-event.js'

/** What a credentials-exchange Action is told (spec/actions.md §5); the rest is added here as for post-login. */
export interface CredentialsExchangeEvent {
  readonly accessToken: { readonly scope: readonly string[]; readonly customClaims: Readonly<Record<string, unknown>> }
  readonly client: EventClient
  readonly request: EventRequest
  readonly resource_server: { readonly identifier: string }
  readonly transaction: { readonly requested_scopes: readonly string[]; readonly target_scopes?: readonly string[]; readonly correlation_id?: string }
  readonly organization?: EventOrganization
}
