const lookEveryMs = 500;

/**
 * Calls back when npm, which runs us through a shell, has ended without telling us: it hands a
 * SIGTERM to the shell only. Started by hand, we outlive our parent, as under `nohup`.
 */
export function onParentGone(callback: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, lookEveryMs);
}
