import { DataSource } from 'typeorm'
import { migrations } from '../../migrations/index.js'

/** TypeORM with the migrations, as the database's owner; not yet connected. Queries are written out and go through the pool. */
export const createDataSource = (databaseUrl: string): DataSource =>
  new DataSource({ type: 'postgres', url: databaseUrl, migrations, migrationsTransactionMode: 'each', applicationName: 'evergrant-owner', extra: { max: 1 } })
