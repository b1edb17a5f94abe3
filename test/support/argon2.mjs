import argon2 from '../../node_modules/@node-rs/argon2/index.js'

/** What an integration test's service hashes passwords with: as the product does, at the least cost that there is (src/users/user/password.spec.ts). */
export const hash = (password, options) => argon2.hash(password, { ...options, memoryCost: 8, timeCost: 1 })
export const { verify } = argon2
