import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of 1/100 s on every architecture Node runs on. */
const msPerTick = 10;

/** The process and everything it started and that still runs. */
export function processTree(pid: number): number[] {
  const pids = [pid];
  for (const parent of pids) pids.push(...childrenOf(parent));
  return pids;
}

/** User and system time of a process, its running children and those it has waited for; in milliseconds. */
export function cpuMs(pid: number): number {
  let ticks = 0;
  for (const member of processTree(pid)) {
    const [utime, stime, cutime, cstime] = statFields(member).slice(11, 15);
    ticks += Number(utime) + Number(stime) + Number(cutime) + Number(cstime);
  }
  return ticks * msPerTick;
}

/** What every program together took of one core, and what the hypervisor kept of it; in milliseconds. */
export function coreMs(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readText('/proc/stat'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.split(' ').map(Number);
  return (user + nice + system + steal) * msPerTick;
}

/** Resident memory of a process and its running children, in MB. */
export function residentMb(pid: number): number {
  let kb = 0;
  for (const member of processTree(pid)) {
    kb += Number(/^VmRSS:\s+(\d+)/m.exec(readText(`/proc/${member}/status`))?.[1] ?? 0);
  }
  return kb / 1024;
}

/** The fields of `/proc/<pid>/stat` after the command's name, from `state` on; zeros when it is gone. */
function statFields(pid: number): string[] {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === '') return Array.from({ length: 20 }, () => '0');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readText(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
