import { type ExecutionContext, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { Audit } from '../audit/audit.js'
import type { ManagementRequest as Fact } from '../audit/audit.events.js'
import type { RateLimitResult } from '../http/rate-limits.js'
import { redact, withoutPersons } from '../redact.js'
import type { CallerOf, ManagementRequest } from './caller.js'
import { keptBody } from './kept-bodies.js'
import { OPERATION, type Operation } from './scopes.js'
import { withUserIds } from './user-ids.js'

/** A management client may hold hundreds, and every call is a fact. */
const MAX_SCOPES = 20
/** Query parameters that say nothing of a person. */
const HARMLESS = new Set(['client_id', 'user_id', 'audience', 'type', 'force', 'fields', 'include_fields', 'page', 'per_page', 'take', 'include_totals'])
const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Writes the facts about calls (spec/management-api.md §1.9, audit). Each resolves when it is committed. */
@Injectable()
export class ManagementAudit {
  constructor(
    private readonly audit: Audit,
    private readonly reflector: Reflector,
  ) {}

  /** A write that was done, or a read that showed secrets. */
  async succeeded(context: ExecutionContext, status: number, answer: unknown): Promise<void> {
    const req = context.switchToHttp().getRequest<ManagementRequest>()
    const caller = req.management
    if (!caller) return
    const accessedSecrets = [...caller.revealed].sort()
    if (caller.onlyReads || READS.has(req.method)) {
      if (accessedSecrets.length === 0) return
      const data = { ...this.#fact(context, req, status), accessedSecrets }
      await this.audit.record({ type: 'SecretRead', data }, caller.context)
      return
    }
    const { personal } = this.#operation(context)
    const [body, responseBody] = [keptBody(req.body, personal), keptBody(answer, personal)]
    const data = { ...this.#fact(context, req, status), ...(body && { body }), ...(responseBody && { responseBody }), accessedSecrets }
    await this.audit.record({ type: 'ManagementRequestSucceeded', data }, caller.context)
  }

  /** A write that was refused. Its body is not kept: what did not fit the schema may be anything. */
  async failed(context: ExecutionContext, error: { readonly status: number; readonly message: string }): Promise<void> {
    const req = context.switchToHttp().getRequest<ManagementRequest>()
    if (!req.management || READS.has(req.method)) return
    const data = { ...this.#fact(context, req, error.status), message: withoutValues(error.message) }
    await this.audit.record({ type: 'ManagementRequestFailed', data }, req.management.context)
  }

  /** A client that goes too fast, or nearly: each once a window. */
  async limited({ method, path }: ManagementRequest, { context }: CallerOf, { firstRefusal, near, limit, used }: RateLimitResult): Promise<void> {
    const data = { bucket: 'management', size: limit, method, path: withoutPersons(path) }
    if (near) await this.audit.record({ type: 'RateLimitNear', data: { ...data, usage: used } }, context)
    if (firstRefusal) await this.audit.record({ type: 'RateLimited', data }, context)
  }

  #fact(context: ExecutionContext, { method, path, query, management }: ManagementRequest, status: number): Fact {
    const { tokenId, scopes = new Set<string>() } = management ?? {}
    // What was refused may name nobody: then it is whatever somebody typed.
    const known = status < 400 ? withUserIds : withoutPersons
    const parameters = Object.entries(query).flatMap(([name, value]) => (HARMLESS.has(name) && typeof value === 'string' ? [[name, known(value)]] : []))
    return {
      method,
      path: known(path),
      operation: this.#operation(context).name,
      status,
      query: Object.fromEntries(parameters),
      ...(tokenId !== undefined && { tokenId }),
      scopes: [...scopes].slice(0, MAX_SCOPES),
      ...(scopes.size > MAX_SCOPES && { furtherScopes: scopes.size - MAX_SCOPES }),
    }
  }

  #operation(context: ExecutionContext): Operation {
    return this.reflector.get<Operation | undefined>(OPERATION, context.getHandler()) ?? { name: context.getHandler().name, personal: true }
  }
}

/** Validation repeats the value that did not fit. */
const withoutValues = (message: string): string => redact(message.replace(/( for| format [\w-]+|allowed): .*?'/, `$1'`).replace(/\S*@\S*/g, '*')).slice(0, 500)
