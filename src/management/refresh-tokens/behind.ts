import type { Response } from 'express'

/** Says that a list may lack what was written last, because its read model could not catch up in time. */
export const behind = (res: Response): void => void res.set('Evergrant-Read-Model', 'behind')
