import type { Build } from './build.js'
import { credentialsExchangeApi } from './credentials-exchange.js'
import { postLoginApi } from './post-login.js'

export const apiFor = (trigger: string, entrypoint: string, build: Build): object =>
  trigger === 'credentials-exchange' ? credentialsExchangeApi(build) : postLoginApi(build, entrypoint)
