import { createHash, X509Certificate } from 'node:crypto'
import { Get, Param, Post, Put } from '@nestjs/common'
import { ManagementError } from '../../http/management-error.js'
import { asPkcs7 } from '../../keys/certificate.js'
import { SigningKeys } from '../../keys/signing-keys.js'
import { Caller, type CallerOf } from '../caller.js'
import { ManagementController } from '../management-controller.js'
import { AllScopes, Operation, Scopes } from '../scopes.js'

type StoredKey = Awaited<ReturnType<SigningKeys['list']>>[number]

const noKey = (): ManagementError => new ManagementError(404, 'Signing key not found.', 'inexistent_signing_key')

/** The keys that sign tokens, and their rotation (spec/management-api.md §2.15). */
@ManagementController('keys/signing')
export class SigningKeysController {
  constructor(private readonly keys: SigningKeys) {}

  @Get()
  @Scopes('read:signing_keys')
  async list(): Promise<object[]> {
    return await Promise.all((await this.keys.list()).map(show))
  }

  @Post('rotate')
  @AllScopes('create:signing_keys', 'update:signing_keys')
  @Operation('Rotate the signing key')
  async rotate(@Caller() { context }: CallerOf): Promise<object> {
    const kid = await this.keys.rotate(context)
    return this.#brief(kid)
  }

  @Get(':kid')
  @Scopes('read:signing_keys')
  async get(@Param('kid') kid: string): Promise<object> {
    return show(await this.#find(kid))
  }

  @Put(':kid/revoke')
  @Scopes('update:signing_keys')
  @Operation('Revoke a signing key')
  async revoke(@Param('kid') kid: string, @Caller() { context }: CallerOf): Promise<object> {
    const outcome = await this.keys.revoke(kid, context)
    if (outcome === 'unknown key') throw noKey()
    if (outcome === 'key in use') throw new ManagementError(400, 'The current and the next signing key cannot be revoked.', 'operation_not_supported')
    return this.#brief(kid)
  }

  async #brief(kid: string): Promise<object> {
    return { cert: (await this.#find(kid)).certificate ?? '', kid }
  }

  async #find(kid: string): Promise<StoredKey> {
    const found = (await this.keys.list()).find((key) => key.kid === kid)
    if (!found) throw noKey()
    return found
  }
}

/** Roles are told only of the keys that have them, as Auth0 does. */
async function show({ kid, status, certificate, current_since, current_until, revoked_at }: StoredKey): Promise<object> {
  const digest = certificate && createHash('sha1').update(new X509Certificate(certificate).raw).digest('hex').toUpperCase()
  return {
    kid,
    cert: certificate ?? '',
    pkcs7: certificate ? await asPkcs7(certificate) : '',
    fingerprint: digest ? digest.match(/../g)!.join(':') : '',
    thumbprint: digest ?? '',
    current: status === 'current',
    next: status === 'next',
    previous: status === 'previous',
    ...(current_since && { current_since: current_since.toISOString() }),
    ...(current_until && { current_until: current_until.toISOString() }),
    revoked: status === 'revoked',
    ...(revoked_at && { revoked_at: revoked_at.toISOString() }),
  }
}
