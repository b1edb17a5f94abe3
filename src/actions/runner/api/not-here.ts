import type { Build } from './build.js'
import { give } from './give.js'

/*
 * Namespaces of things that this service does not have: they exist, check their arguments, and answer what a tenant without any would
 * (spec/actions.md §0.2 G1, G2). The record of the execution notes their use. Roles are here, but not told in this way: what would rest on a wrong
 * answer is refused.
 */

const SAML = (
  'setAttribute setAudience setRecipient setCreateUpnClaim setPassthroughClaimsWithNoMapping setMapUnknownClaimsAsIs setMapIdentities ' +
  'setSignatureAlgorithm setDigestAlgorithm setDestination setLifetimeInSeconds setSignResponse setNameIdentifierFormat setNameIdentifierProbes ' +
  'setAuthnContextClassRef setSigningCert setIncludeAttributeNameFormat setTypedAttributes setEncryptionCert setEncryptionPublicKey setCert setKey ' +
  'setRelayState setIssuer setEncryptionAlgorithm'
).split(' ')

export const samlResponseApi = (build: Build, api: object): object =>
  Object.fromEntries(
    SAML.map((method) => [
      method,
      () => {
        note(build, `samlResponse.${method}`)
        return api
      },
    ]),
  )

interface Paging {
  readonly take?: unknown
  readonly from?: unknown
}

export const groupsApi = (build: Build): object => ({
  getUserGroups: async (paging: Paging = {}) => {
    checkPaging(paging)
    note(build, 'groups.getUserGroups')
    return { groups: [] }
  },
  hasGroupMembership: async (groups: unknown) => {
    const names = texts(groups, 'groups')
    note(build, 'groups.hasGroupMembership')
    return { memberships: Object.fromEntries(names.map((name) => [name, { is_member: false }])) }
  },
})

export const rolesApi = (build: Build): object => {
  const closed = (method: string): { roles: [] } => {
    give(build, { type: 'unsupported', method: `roles.${method}`, closed: true })
    return { roles: [] }
  }
  return {
    getUserEffectiveRoles: async (paging: Paging = {}) => {
      checkPaging(paging)
      return closed('getUserEffectiveRoles')
    },
    getUserEffectiveRolesByIds: async (ids: unknown) => {
      texts(ids, 'ids')
      return closed('getUserEffectiveRolesByIds')
    },
    getUserEffectiveRolesByNames: async (names: unknown) => {
      texts(names, 'names')
      return closed('getUserEffectiveRolesByNames')
    },
  }
}

const note = (build: Build, method: string): void => give(build, { type: 'unsupported', method, closed: false })

function checkPaging({ take, from }: Paging): void {
  if (from !== undefined && typeof from !== 'string') throw new Error('The "from" parameter must be a string if provided.')
  if (take !== undefined && !(Number.isInteger(take) && (take as number) > 0)) throw new Error('The "take" parameter must be a positive integer if provided.')
}

function texts(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string')) {
    throw new Error(`The "${name}" parameter must be a non-empty array of strings.`)
  }
  return value
}
