import { Inject, Injectable } from '@nestjs/common'
import pg from 'pg'
import type { Guard } from '../../event-store/event.js'

/** Reads whether a mark has ended what goes back to a login (docs/adr/0004), where there is no family to read it with. */
@Injectable()
export class LoginMarks {
  constructor(@Inject(pg.Pool) private readonly pool: pg.Pool) {}

  async haveEnded({ keys, after }: Guard): Promise<boolean> {
    const { rows } = await this.pool.query({ name: 'login-marks', text: FIND, values: [keys, after] })
    return rows.length > 0
  }
}

const FIND = `select 1 from refresh_token_marks where key = any($1) and before >= $2 limit 1`
