import { createHmac, timingSafeEqual } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { RootKeys } from '../../keys/root-key.js'

const STEP_MS = 150_000
const STEP_BYTES = 4
const MAC_BYTES = 16
const TEXT = /^[\w-]{27}$/

/**
 * Nonces for DPoP proofs (RFC 9449 §8): a step of time and its MAC. Nothing is stored, so any worker knows what another gave, also after
 * a restart, and asking for one costs nobody anything. One lives between one step and two: 150 to 300 seconds.
 */
@Injectable()
export class DpopNonces {
  constructor(private readonly rootKeys: RootKeys) {}

  /** The nonce to give at `now`, in milliseconds since 1970. */
  current(now: number): string {
    return this.#nonce(stepAt(now), this.rootKeys.newestId).toString('base64url')
  }

  /** When the nonce ends, in milliseconds since 1970; undefined for one that has ended, or is none of ours. */
  expiryOf(nonce: string, now: number): number | undefined {
    if (!TEXT.test(nonce)) return undefined
    const given = Buffer.from(nonce, 'base64url')
    const step = given.readUInt32BE(0)
    // A worker whose clock is a little ahead gives the next step's a moment too early.
    if (Math.abs(step - stepAt(now)) > 1) return undefined
    const isOurs = this.rootKeys.ids.map((keyId) => timingSafeEqual(given, this.#nonce(step, keyId))).includes(true)
    return isOurs ? (step + 2) * STEP_MS : undefined
  }

  #nonce(step: number, keyId: string): Buffer {
    const head = Buffer.alloc(STEP_BYTES)
    head.writeUInt32BE(step)
    const mac = createHmac('sha256', this.rootKeys.derive('dpop-nonce', keyId)).update(head).digest()
    return Buffer.concat([head, mac.subarray(0, MAC_BYTES)])
  }
}

const stepAt = (now: number): number => Math.floor(now / STEP_MS)
