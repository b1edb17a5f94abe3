import type { CommandBus } from '@nestjs/cqrs'
import type { Request, Response } from 'express'
import { possessionRefused } from './presented-possession.js'

const bearer = (cnf: unknown): ReturnType<typeof possessionRefused> =>
  possessionRefused({} as CommandBus, { scheme: 'Bearer', text: 'token', cnf, isPublic: () => true }, {} as Request, {} as Response)

describe('who shows a token as Bearer', () => {
  it('is let in with one that is bound to nothing', async () => expect(await bearer(undefined)).toBeUndefined())

  it.each([{ jkt: 'thumbprint' }, { jkt: 1 }, { 'x5u#S256': 'of a binding to come' }, {}, null, 'text'])(
    'is not let in with one that is bound, be it in a way that is not known: %j',
    async (cnf) => expect(await bearer(cnf)).toMatchObject({ code: 'invalid_token' }),
  )
})
