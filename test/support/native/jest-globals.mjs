/** For modules that Node loads (runner.mjs), in place of '@jest/globals'. */
export const { jest } = globalThis
