import argon2 from '../../node_modules/@node-rs/argon2/index.js'

/**
 * What a service in a test hashes passwords with: as the product does, but at the least cost that there is, since thousands of people log in none
 * of whose passwords is secret. Unit tests get the real cost.
 */
export const hash = (password, options) => argon2.hash(password, globalThis.cheapPasswords ? { ...options, memoryCost: 8, timeCost: 1 } : options)
export const { verify } = argon2
