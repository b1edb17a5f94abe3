import type { Decider, Decision, Upcasters } from '../event-store/event.js'

/** What starts of this service have made once: an operator who then deletes it does not get it back. */
export type InstallationEvent =
  | { readonly type: 'DirectoryProvided'; readonly data: { readonly connectionId: string } }
  | { readonly type: 'ManagementClientProvided'; readonly data: { readonly clientId: string } }
  | { readonly type: 'AdministratorProvided'; readonly data: { readonly userId: string } }

const installationUpcasters: Upcasters<InstallationEvent> = {
  DirectoryProvided: [],
  ManagementClientProvided: [],
  AdministratorProvided: [],
}

/** The newest of each; undefined before the first. */
export interface Installation {
  readonly directoryId?: string
  readonly managementClientId?: string
  readonly administratorId?: string
}

export const INSTALLATION_ID = 'tenant'

export const installation: Decider<Installation, InstallationEvent> = {
  streamType: 'installation',
  initial: {},
  stateVersion: 1,
  upcasters: installationUpcasters,
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'DirectoryProvided':
        return { ...state, directoryId: data.connectionId }
      case 'ManagementClientProvided':
        return { ...state, managementClientId: data.clientId }
      case 'AdministratorProvided':
        return { ...state, administratorId: data.userId }
    }
  },
}

/** Records what was made; nothing when that is recorded. */
export function provided(state: Installation, event: InstallationEvent): Decision<InstallationEvent, undefined> {
  const next = installation.evolve(state, event, { at: '' })
  const known = state.directoryId === next.directoryId && state.managementClientId === next.managementClientId && state.administratorId === next.administratorId
  return { events: known ? [] : [event], result: undefined }
}
