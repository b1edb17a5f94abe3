import { freshDatabase } from './database.js'

/** The importing test file's own database, migrated and otherwise empty: jest evaluates this module once for each file. */
export const databaseUrl = await freshDatabase()
