import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { NestApplicationOptions } from '@nestjs/common'
import { ExpressAdapter } from '@nestjs/platform-express'
import type { Express } from 'express'

/** Room for a token with every scope beside the longest URL: what is too long is then answered, and not cut off by Node. */
const MAX_HEAD_BYTES = 65_536

/**
 * Express gives each request and response its methods by changing their prototypes, and V8 then treats the objects as the exception ever
 * after: two thirds of what a small request costs. Here Node makes them with the prototypes that Express would set, which leaves it
 * nothing to change. Of Nest's options for the server it knows `httpsOptions` alone.
 */
export class DirectExpressAdapter extends ExpressAdapter {
  override initHttpServer(options: NestApplicationOptions): void {
    const express = this.getInstance<Express>()
    const born = { IncomingMessage: withMethods(IncomingMessage, express.request), ServerResponse: withMethods(ServerResponse, express.response) }
    express.request = born.IncomingMessage.prototype as typeof express.request
    express.response = born.ServerResponse.prototype as typeof express.response
    const settings = { ...born, maxHeaderSize: MAX_HEAD_BYTES }
    this.httpServer = options.httpsOptions ? createTlsServer({ ...options.httpsOptions, ...settings }, express) : createServer(settings, express)
  }
}

/** A class like `base` whose instances find Express's methods first; those end in `base` themselves. */
function withMethods<T extends typeof IncomingMessage | typeof ServerResponse>(base: T, methods: object): T {
  const born = class extends (base as typeof IncomingMessage) {}
  Object.setPrototypeOf(born.prototype, methods)
  return born as T
}
