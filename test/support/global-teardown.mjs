export default () => globalThis.stopTestPostgres?.()
