import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits. */
export const newCode = (): string => randomBytes(32).toString('base64url')

/** What a code's stream is named by: nothing at rest redeems it. */
export const codeStream = (code: string): string => createHash('sha256').update(code).digest('base64url')

/** What the log may show of a code that was presented (spec/logs.md §1.3): of what is no code of ours, nothing. */
export const endOf = (code: string): string => (/^[\w-]{43}$/.test(code) ? code.slice(-3) : '')

/** The challenge of a verifier by method S256 (RFC 7636 §4.6). */
export const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')
