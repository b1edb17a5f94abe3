import type { Upcasters } from '../../event-store/event.js'
import type { Difference } from '../../event-store/difference.js'

export interface Dependency {
  readonly name: string
  /** Exact once the Action is built; before, also a range or `latest`. */
  readonly version: string
}

/** What an operator works on; code stands here as its SHA-256 (hex), secrets as their names in events of their own. */
export interface ActionDraft {
  readonly name: string
  readonly trigger: { readonly id: string; readonly version: string }
  readonly runtime: string
  readonly code: string
  readonly dependencies: readonly Dependency[]
  /** `host`, `host:port` or `*.domain` that it may reach. */
  readonly allowedHosts: readonly string[]
}

/** A reason why a draft could not be built. Member names are Auth0's. */
export interface BuildProblem {
  readonly id: string
  readonly msg: string
  readonly url?: string
}

/** A package of a bundle with what its registry says it is. */
export interface Package {
  readonly name: string
  readonly version: string
  /** Subresource Integrity, such as `sha512-…`. */
  readonly integrity: string
}

/** What deploying makes permanent. */
export interface VersionContent {
  readonly code: string
  readonly bundle: string | null
  readonly dependencies: readonly Dependency[]
  readonly allowedHosts: readonly string[]
  readonly runtime: string
  readonly secrets: readonly SecretName[]
  readonly builtAt: string
}

/** When its value was set. The value is in no event. */
export interface SecretName {
  readonly name: string
  readonly updatedAt: string
}

export type ActionEvent =
  | { readonly type: 'ActionCreated'; readonly data: { readonly draft: ActionDraft; readonly secrets: readonly string[] } }
  | { readonly type: 'ActionDraftChanged'; readonly data: { readonly changes: Difference<ActionDraft> } }
  | { readonly type: 'ActionSecretsChanged'; readonly data: { readonly set: readonly string[]; readonly removed: readonly string[] } }
  /** `deploy`: as soon as it is built. */
  | { readonly type: 'ActionBuildRequested'; readonly data: { readonly build: number; readonly deploy: boolean } }
  | {
      readonly type: 'ActionBuilt'
      readonly data: {
        readonly build: number
        readonly bundle: string | null
        readonly dependencies: readonly Dependency[]
        readonly packages: readonly Package[]
        readonly warnings: readonly string[]
      }
    }
  | { readonly type: 'ActionBuildFailed'; readonly data: { readonly build: number; readonly problems: readonly BuildProblem[] } }
  | {
      readonly type: 'ActionVersionDeployed'
      readonly data: {
        readonly versionId: string
        readonly number: number
        readonly content: VersionContent
        /** The version that it repeats. */
        readonly restores: string | null
        /** Whether the draft has become the same. */
        readonly draft: boolean
      }
    }
  /** Deployed once more as it was: what runs begins anew. */
  | { readonly type: 'ActionRedeployed'; readonly data: { readonly versionId: string } }
  | { readonly type: 'ActionVersionsPruned'; readonly data: { readonly versionIds: readonly string[] } }
  | { readonly type: 'ActionDeleted'; readonly data: object }

export const actionUpcasters: Upcasters<ActionEvent> = {
  ActionCreated: [],
  ActionDraftChanged: [],
  ActionSecretsChanged: [],
  ActionBuildRequested: [],
  ActionBuilt: [],
  ActionBuildFailed: [],
  ActionVersionDeployed: [],
  ActionRedeployed: [],
  ActionVersionsPruned: [],
  ActionDeleted: [],
}
