import type { INestApplicationContext } from '@nestjs/common'
import { CommandBus, QueryBus } from '@nestjs/cqrs'
import { BindActions, BuildAction, CreateAction, FindActions } from '../../src/actions/index.js'

/** Deploys and binds so many post-login Actions. Errors: where one was not built, or could not be bound. */
export async function bindActions(service: INestApplicationContext, bound: number): Promise<void> {
  const commands = service.get(CommandBus)
  const trigger = { id: 'post-login', version: 'v3' }
  const ids: string[] = []
  for (let n = 0; n < bound; n++) {
    const fresh = { name: `Action ${n}`, trigger, runtime: 'node22', code: CODE, dependencies: [], allowedHosts: [], secrets: [], deploy: true }
    const created = await commands.execute(new CreateAction(fresh, {}))
    if (created.kind !== 'created') throw new Error(created.kind)
    await commands.execute(new BuildAction(created.id, 1, {}))
    ids.push(created.id)
  }
  const { rows } = await service.get(QueryBus).execute(new FindActions({}, { limit: 10 }))
  for (const { document } of rows) if (document.deployed === null) throw new Error(`an Action was not built: ${JSON.stringify(document.build.problems)}`)
  const wanted = ids.map((value) => ({ ref: { type: 'action_id' as const, value } }))
  const outcome = await commands.execute(new BindActions('post-login', wanted, {}))
  if (outcome.kind !== 'bound') throw new Error(outcome.kind)
}

/** What the published samples do. */
const CODE = `
exports.onExecutePostLogin = async (event, api) => {
  if (!event.refresh_token) return
  const known = event.refresh_token.metadata?.org_id
  api.refreshToken.setMetadata('last_ip', event.request.ip)
  api.refreshToken.setMetadata('exchanges', String(Number(event.refresh_token.metadata?.exchanges ?? 0) + 1))
  api.accessToken.setCustomClaim('https://example.com/org', known)
  api.idToken.setCustomClaim('https://example.com/roles', event.authorization.roles.filter((role) => /^app:/.test(role)))
  if (event.authorization.roles.includes('app:admin')) api.accessToken.addScope('admin:all')
  api.refreshToken.setIdleExpiresAt(Date.now() + 3600e3)
  api.transaction.setMetadata('seen', true)
  console.log('exchange for', known)
}`
