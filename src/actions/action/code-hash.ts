import { createHash } from 'node:crypto'

/** The SHA-256 of a text, in hex: how events name code that they do not carry. */
export const textHash = (text: string): string => createHash('sha256').update(text).digest('hex')
