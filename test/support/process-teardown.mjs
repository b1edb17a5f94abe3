export default () => globalThis.removePreparedCluster()
