import { CommandBus } from '@nestjs/cqrs'
import { eventRequest, type PostLoginEvent, RunPostLogin } from '../../../src/actions/index.js'
import { bindActions } from '../bound-actions.js'
import type { Template } from '../cluster.js'
import { CALLERS, type Bench, type Figures, type Group, type Ratio, type Results, type Row } from '../row.js'
import { inScene } from '../scene.js'
import { configOf, startService } from '../service.js'

export const BOUND = [0, 1, 3] as const
/** spec/actions.md §9.5 R12: what one warm Action may add. */
const MEDIAN_MS = 0.5
const P99_MS = 5

const nameOf = (bound: number): string => `post-login, ${bound} ${bound === 1 ? 'Action' : 'Actions'}`

export const actions: Group = {
  name: 'actions',
  about:
    '`RunPostLogin` for a refresh exchange with an event of some 3 kB, as the flow asks it before it signs. Each Action reads and writes metadata, sets claims and a scope, and ' +
    'writes a line: what the published samples do. CPU of the runners is not in these columns.',
  rows: BOUND.flatMap((bound) =>
    CALLERS.map((callers): Row => ({ name: nameOf(bound), callers, background: false, measure: (bench) => run(bench, bound, callers) })),
  ),
  ratios: addedByOne(nameOf, ''),
}

async function run(bench: Bench, bound: number, callers: number): Promise<Figures> {
  return inScene(bench, await withActions(bench, bound), false, ({ service, measure }) => {
    const commands = service.get(CommandBus)
    return measure(callers, async () => {
      const outcome = await commands.execute(new RunPostLogin(EVENT, {}))
      if (outcome.kind !== 'allowed' || outcome.execution.actions.length !== bound) throw new Error(`the Actions did not run: ${JSON.stringify(outcome)}`)
    })
  })
}

/** A database with so many deployed and bound Actions. */
const withActions = ({ cluster }: Bench, bound: number): Promise<Template<undefined>> =>
  cluster.template(`actions_${bound}`, async (url) => {
    const service = await startService(configOf(url))
    await bindActions(service, bound)
    await service.close()
    return undefined
  })

/** What the row with one Action takes beyond that with none, for one caller. */
export function addedByOne(name: (bound: number) => string, where: string): (results: Results) => readonly Ratio[] {
  return (results) => {
    const added = (what: string, figure: 'p50' | 'p99', goal: number): Ratio => {
      const [without, withOne] = [results(name(0), 1)?.[figure], results(name(1), 1)?.[figure]]
      const text = `what one warm Action adds${where} at the ${what}, 1 caller`
      if (without === undefined || withOne === undefined) return { what: text, value: 'not measured' }
      const ms = withOne - without
      return { what: text, value: `${ms.toFixed(2)} ms`, goal: `≤ ${goal} ms`, met: ms <= goal }
    }
    return [added('median', 'p50', MEDIAN_MS), added('99th percentile', 'p99', P99_MS)]
  }
}

const AT = '2026-01-02T03:04:05.000Z'
const EVENT: PostLoginEvent = {
  client: { client_id: 'client-of-the-bench-0123456789ab', name: 'App', metadata: { tier: 'gold', region: 'eu' } },
  connection: { id: 'con_0123456789abcdef', name: 'Username-Password-Authentication', strategy: 'auth0', metadata: {} },
  request: eventRequest({
    ip: '192.0.2.9',
    hostname: 'auth.example.com',
    method: 'POST',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    acceptLanguage: 'de-DE,de;q=0.9',
    body: { grant_type: 'refresh_token', client_id: 'client-of-the-bench-0123456789ab' },
  }),
  resource_server: { identifier: 'https://api.example.com' },
  stats: { logins_count: 17 },
  transaction: { protocol: 'oauth2-refresh-token', requested_scopes: [] },
  authentication: { methods: [{ name: 'pwd', timestamp: AT }] },
  authorization: { roles: ['app:user', 'app:editor', 'app:admin', 'other'] },
  organization: { id: 'org_0123456789abcdef', name: 'acme', display_name: 'Acme Corp', metadata: { plan: 'enterprise' } },
  refresh_token: {
    id: 'rt_0123456789abcdef',
    user_id: 'auth0|0123456789abcdef01234567',
    client_id: 'client-of-the-bench-0123456789ab',
    session_id: 'session-0123456789abcdef',
    created_at: AT,
    expires_at: '2026-02-02T03:04:05.000Z',
    idle_expires_at: '2026-01-17T03:04:05.000Z',
    last_exchanged_at: AT,
    rotating: true,
    access: 'offline',
    resource_servers: [{ audience: 'https://api.example.com', scopes: 'openid profile email offline_access read:orders write:orders' }],
    device: { initial_ip: '192.0.2.8', initial_user_agent: 'Firefox', last_ip: '192.0.2.9', last_user_agent: 'Firefox' },
    metadata: { org_id: 'org_0123456789abcdef', org_slug: 'acme', org_name: 'Acme Corp', exchanges: '41' },
  },
  user: {
    user_id: 'auth0|0123456789abcdef01234567',
    email: 'ada@example.com',
    email_verified: true,
    name: 'Ada Lovelace',
    nickname: 'ada',
    given_name: 'Ada',
    family_name: 'Lovelace',
    picture: `https://cdn.example.com/${'a'.repeat(80)}.png`,
    created_at: AT,
    updated_at: AT,
    identities: [{ connection: 'Username-Password-Authentication', provider: 'auth0', user_id: '0123456789abcdef01234567', isSocial: false }],
    user_metadata: { theme: 'dark', languages: ['de', 'en'], notes: 'x'.repeat(600) },
    app_metadata: { plan: 'enterprise', features: ['a', 'b', 'c'], history: 'y'.repeat(600) },
    enrolledFactors: [],
  },
}
