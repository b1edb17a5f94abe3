import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { alertOf, Browser, readForm } from './browser.js'
import type { Caller } from './caller.js'
import { CALLBACK, type Scene } from './chapter-set-up.js'
import { type Narrator, told } from './narrator.js'

export interface Login {
  readonly browser: Browser
  readonly accessToken: string
  readonly refreshToken: string
}

/** The proof that whoever exchanges the code is who asked for it (RFC 7636). */
interface Pkce {
  readonly verifier: string
  readonly challenge: string
}

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token: string
}

const TOKENS = ['token_type', 'expires_in', 'scope', 'access_token', 'refresh_token']

export async function logIn(narrator: Narrator, caller: Caller, scene: Scene): Promise<Login> {
  narrator.chapter('Ann logs in')
  const browser = new Browser(caller)
  const pkce = newPkce()
  narrator.step('The app sends her browser to the login page.')
  const page = await browser.open(authorizeAddress(scene, pkce), 200)

  narrator.step('A wrong password: the page says no more than that.')
  const again = await browser.submit(readForm(page), { username: scene.email, password: 'wrong', action: 'default' }, 400)
  const problem = alertOf(again)
  told(problem !== undefined, 'the page says what is wrong')
  narrator.remark(`The page: “${problem}”`)

  narrator.step('The right one: back to the app, with a code that is good once and for two minutes.')
  const done = await browser.submit(readForm(again), { username: scene.email, password: scene.password, action: 'default' }, 302)
  const code = codeIn(done.headers, pkce)

  narrator.step('The app exchanges the code, with the proof that it is the one that asked (PKCE).')
  const tokens = await exchangeCode(caller, scene, code, pkce)
  await checkIdToken(narrator, caller, scene, tokens.id_token)

  narrator.step('The access token opens the user’s profile.')
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  const { json } = await caller.call<{ sub: string; email: string }>({
    method: 'GET',
    path: 'userinfo',
    headers,
    expected: 200,
    show: ['sub', 'name', 'email'],
  })
  told(json.sub === scene.userId && json.email === scene.email, 'the profile is Ann’s')
  return { browser, accessToken: tokens.access_token, refreshToken: tokens.refresh_token }
}

/** Single sign-on: the browser's session answers, and nobody is asked. */
export async function logInSilently(caller: Caller, browser: Browser, scene: Scene): Promise<string> {
  const pkce = newPkce()
  const { headers } = await browser.open(`${authorizeAddress(scene, pkce)}&prompt=none`, 302)
  return (await exchangeCode(caller, scene, codeIn(headers, pkce), pkce)).refresh_token
}

function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** The challenge serves as `state` too: the answer must bring it back. */
function authorizeAddress({ clientId, audience }: Scene, { challenge }: Pkce): string {
  const parameters = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid profile email offline_access read:notes',
    audience,
    state: challenge,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
  return `authorize?${parameters.toString()}`
}

function codeIn(headers: Headers, { challenge }: Pkce): string {
  const location = new URL(headers.get('location') ?? 'about:blank')
  told(location.href.startsWith(`${CALLBACK}?`), `the browser comes back to ${CALLBACK}`)
  told(location.searchParams.get('state') === challenge, 'the state comes back as it was')
  const code = location.searchParams.get('code')
  told(code !== null, 'the address carries a code')
  return code
}

async function exchangeCode(caller: Caller, { clientId }: Scene, code: string, { verifier }: Pkce): Promise<Tokens> {
  const members = { grant_type: 'authorization_code', client_id: clientId, code, redirect_uri: CALLBACK, code_verifier: verifier }
  const { json } = await caller.call<Tokens>({ method: 'POST', path: 'oauth/token', body: { type: 'form', members }, expected: 200, show: TOKENS })
  told(typeof json.refresh_token === 'string' && typeof json.access_token === 'string', 'there are an access token and a refresh token')
  return json
}

async function checkIdToken(narrator: Narrator, caller: Caller, { clientId, userId }: Scene, idToken: string): Promise<void> {
  const keys = await fetch(new URL('.well-known/jwks.json', caller.issuer))
  const { payload } = await jwtVerify(idToken, createLocalJWKSet((await keys.json()) as JSONWebKeySet), { issuer: caller.issuer, audience: clientId })
  told(payload.sub === userId, 'the ID token is about Ann')
  narrator.remark(`The ID token is signed by a key of /.well-known/jwks.json and says sub=${payload.sub}.`)
}
