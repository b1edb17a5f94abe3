/** Sealer, projections and reactors in a process of their own, as in the service; background.ts starts and asks it. */
import { completeConfig, loadConfig } from '../../src/config.js'
import { startService } from './service.js'

const service = await startService(completeConfig(loadConfig()))
const tellCpu = (): void => {
  const { user, system } = process.cpuUsage()
  process.send!(user + system)
}
process.on('message', tellCpu)
// Also when the bench was killed.
process.on('disconnect', () => void service.close())
tellCpu()
