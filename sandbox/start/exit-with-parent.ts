// Loaded into every process that `npm start` starts, ahead of its own code. When the parent is gone,
// however it ended, its end of the channel closes: then this process ends as for SIGTERM, in any case
// soon after, and takes along what it started, so that nothing is left holding a port.
const forceAfterMs = 2_000;

process.once('disconnect', () => {
  process.once('exit', () => process.kill(-process.pid, 'SIGKILL'));
  setTimeout(() => process.exit(1), forceAfterMs);
  process.kill(process.pid, 'SIGTERM');
});
// Listening for it must not keep the process alive.
process.channel?.unref();
