import { randomBytes } from 'node:crypto'
import { randomText } from '../random-text.js'

/** Identifiers in the forms of spec/management-api.md §1.5; those of clients and APIs are Authorization's. */
export const newConnectionId = (): string => `con_${randomText(16)}`
export const newDatabaseUserId = (): string => `auth0|${randomBytes(12).toString('hex')}`
/** 144 bits; begins with a letter, so that a shell or a form takes it as it is. */
export const newPassword = (): string => `E${randomBytes(18).toString('base64url')}`
