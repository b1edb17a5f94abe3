import type { ClientDocument } from '../../src/authorization/index.js'
import type { TestApp } from './app.js'
import { claimsOf, OAuthScene } from './oauth.js'
import { authorizeUrl, CALLBACK, PASSWORD } from './people.js'
import { answerOf, Visitor } from './visitor.js'

export interface LoggedIn {
  readonly who: Visitor
  readonly refreshToken: string
  readonly sessionId: string
}

/** Logs somebody in to a public client with the pages that they would see, accepts where they are asked, and redeems the code. */
export async function logIn(
  service: TestApp,
  client: ClientDocument,
  { email }: { readonly email: string },
  audience: string | undefined,
  who = new Visitor(service.url),
): Promise<LoggedIn> {
  const { refresh_token: refreshToken, id_token: idToken } = (await redeemCode(service, client, await authorize(service, client, { email }, audience, who)))
    .body
  return { who, refreshToken, sessionId: (claimsOf(idToken) as unknown as { sid: string }).sid }
}

/** The code that such a login brings. */
export async function authorize(
  service: TestApp,
  client: ClientDocument,
  { email }: { readonly email: string },
  audience: string | undefined,
  who = new Visitor(service.url),
): Promise<string> {
  const wanted = { scope: 'openid email offline_access read:plants', ...(audience !== undefined && { audience }), ...PKCE }
  let page = await who.get(authorizeUrl(client, wanted))
  if (page.html.includes('name="password"')) page = await who.submit(page, { username: email, password: PASSWORD, action: 'default' })
  if (page.html.includes('value="accept"')) page = await who.submit(page, { action: 'accept' })
  return answerOf(page)['code']!
}

export const redeemCode = (service: TestApp, client: ClientDocument, code: string): ReturnType<OAuthScene['form']> =>
  new OAuthScene(service).token(client, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER })

const VERIFIER = 'x'.repeat(43)
/** SHA-256 of the verifier. */
export const PKCE = { code_challenge: 'zAscLGbzu5_RoIHGJrob72L2-WRBpDvhUmhSN3asJqE', code_challenge_method: 'S256' }
