// Loaded into every process that `npm start` starts, ahead of its own code. When the parent is gone,
// however it ended, its end of the channel closes: then this process ends as for SIGTERM, and in any
// case soon after, so that none is left holding a port.
const forceAfterMs = 2_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), forceAfterMs);
  process.kill(process.pid, 'SIGTERM');
});
// Listening for it must not keep the process alive.
process.channel?.unref();
