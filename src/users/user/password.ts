import { hash, verify } from '@node-rs/argon2'

/** OWASP's second recommendation for argon2id, the library's default algorithm; about 20 ms of a thread that is not the event loop. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const hashPassword = (password: string): Promise<string> => hash(password, COST)

/** False also for a stored text that is no hash. */
export const isPassword = (stored: string, password: string): Promise<boolean> => verify(stored, password).catch(() => false)
