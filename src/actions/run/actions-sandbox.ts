import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { networkInterfaces } from 'node:os'
import { CONFIG, type Config, ConfigError } from '../../config.js'
import { Sandbox } from '../sandbox/sandbox.js'

/** The sandbox of this process, with the installation's limits. */
@Injectable()
export class ActionsSandbox extends Sandbox implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(CONFIG) private readonly config: Config) {
    const { actionsMemoryMb, actionsPoolSize, actionsNetwork, actionsAllowedHosts } = config.settings
    super(
      {
        memoryMb: actionsMemoryMb,
        poolSize: actionsPoolSize,
        network: { mode: actionsNetwork, allowedHosts: actionsAllowedHosts, privateTargets: config.allowPrivateTargets },
      },
      new Logger('actions'),
    )
  }

  /** Errors: ConfigError for a setting that this machine cannot keep. */
  async onApplicationBootstrap(): Promise<void> {
    const { actionsNetwork, actionsEgressFirewall, actionsOsSandbox } = this.config.settings
    if (actionsNetwork === 'open' && !actionsEgressFirewall && hasRoutedIPv6()) {
      throw new ConfigError(
        'ACTIONS_NETWORK',
        'is open on a machine with an IPv6 address, so a firewall must keep private ones out; set ACTIONS_EGRESS_FIREWALL=true once it does, or close it',
        'deny',
      )
    }
    if (actionsOsSandbox === 'require' && (await this.layer()) === 'none') {
      throw new ConfigError('ACTIONS_OS_SANDBOX', 'is require, and setpriv of util-linux does not work on this machine; install it, or do without', 'auto')
    }
  }

  onApplicationShutdown(): void {
    this.close()
  }
}

/** One by which others can be reached, also where it is private itself: then it is their network that lies open. */
const hasRoutedIPv6 = (): boolean =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .some(({ address, family, internal }) => family === 'IPv6' && !internal && !/^fe[89ab]/i.test(address))
