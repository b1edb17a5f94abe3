import { randomBytes, randomInt } from 'node:crypto'

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const alphanumeric = (length: number): string => Array.from({ length }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join('')

/** Identifiers in the forms of spec/management-api.md §1.5; those of clients and APIs are Authorization's. */
export const newConnectionId = (): string => `con_${alphanumeric(16)}`
export const newDatabaseUserId = (): string => `auth0|${randomBytes(12).toString('hex')}`
/** 144 bits; begins with a letter, so that a shell or a form takes it as it is. */
export const newPassword = (): string => `E${randomBytes(18).toString('base64url')}`
