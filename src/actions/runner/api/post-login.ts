import type { Build } from './build.js'
import { accessApi, rulesApi, transactionApi, validationApi } from './access.js'
import { authenticationApi, multifactorApi, promptApi } from './authentication.js'
import { cacheApi } from './cache.js'
import { groupsApi, rolesApi, samlResponseApi } from './not-here.js'
import { redirectApi } from './redirect.js'
import { refreshTokenApi } from './refresh-token.js'
import { sessionApi } from './session.js'
import { accessTokenApi, idTokenApi } from './tokens.js'
import { userApi } from './user.js'

/** The 17 namespaces of `api` in post-login Actions (spec/actions.md §3). */
export function postLoginApi(build: Build, entrypoint: string): object {
  const api: Record<string, object> = {}
  return Object.assign(api, {
    access: accessApi(build, api),
    accessToken: accessTokenApi(build, api),
    authentication: authenticationApi(build, api, entrypoint),
    cache: cacheApi(build),
    groups: groupsApi(build),
    idToken: idTokenApi(build, api),
    multifactor: multifactorApi(build, api),
    prompt: promptApi(build),
    redirect: redirectApi(build, api),
    refreshToken: refreshTokenApi(build),
    roles: rolesApi(build),
    rules: rulesApi(),
    samlResponse: samlResponseApi(build, api),
    session: sessionApi(build),
    transaction: transactionApi(build),
    user: userApi(build, api),
    validation: validationApi(build, api),
  })
}
