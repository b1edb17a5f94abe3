import { postOutbound } from '../../http/outbound.js'

const TIMEOUT_MS = 5000

interface DeliveryAnswer {
  readonly delivered: boolean
  /** Another try would be answered the same. */
  readonly final: boolean
  readonly statusCode?: number
  readonly error?: string
}

/** Sends one logout token (OpenID Connect Back-Channel Logout §2.5, §2.8). */
export async function deliver(url: string, logoutToken: string, allowPrivate: boolean): Promise<DeliveryAnswer> {
  try {
    const statusCode = await postOutbound(new URL(url), {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Cache-Control': 'no-store' },
      body: new URLSearchParams({ logout_token: logoutToken }).toString(),
      timeoutMs: TIMEOUT_MS,
      allowPrivate,
    })
    const delivered = statusCode === 200 || statusCode === 204
    return { delivered, final: delivered || statusCode === 400, statusCode, ...(!delivered && { error: `answered with status ${statusCode}` }) }
  } catch (error) {
    return { delivered: false, final: false, error: messageOf(error) }
  }
}

function messageOf(error: unknown): string {
  const { name, message } = error as Error
  return name === 'AbortError' ? `no answer within ${TIMEOUT_MS / 1000} s` : message.slice(0, 200)
}
