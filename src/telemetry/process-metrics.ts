import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Readings } from './series.ts';

/** CPU, memory and event loop of this process, under the names that Node dashboards know. */
export function processReadings() {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  let used = performance.eventLoopUtilization();

  /** Delays since the last scrape, in seconds; the timer's own wait is not one. */
  const lag = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3) : 0;

  return {
    families: [
      gauge(
        'nodejs_eventloop_lag_p50_seconds',
        'Median delay of the event loop since the last scrape.',
        () => lag(delays.percentile(50)),
      ),
      gauge(
        'nodejs_eventloop_lag_p99_seconds',
        '99th percentile of the delay of the event loop since the last scrape.',
        () => lag(delays.percentile(99)),
      ),
      gauge(
        'nodejs_eventloop_lag_max_seconds',
        'Longest delay of the event loop since the last scrape.',
        () => {
          const longest = lag(delays.max);
          delays.reset();
          return longest;
        },
      ),
      gauge(
        'nodejs_eventloop_utilization',
        'Share of time that the event loop was busy since the last scrape, 0–1.',
        () => {
          const now = performance.eventLoopUtilization();
          const { utilization } = performance.eventLoopUtilization(now, used);
          used = now;
          return utilization;
        },
      ),
      gauge('nodejs_heap_size_used_bytes', 'Heap in use.', () => process.memoryUsage().heapUsed),
      gauge(
        'nodejs_heap_size_total_bytes',
        'Heap reserved.',
        () => process.memoryUsage().heapTotal,
      ),
      gauge(
        'nodejs_external_memory_bytes',
        'Memory of buffers and other objects outside the heap.',
        () => process.memoryUsage().external,
      ),
      gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()),
      new Readings(
        'counter',
        'process_cpu_seconds_total',
        'User and system time of the process.',
        () => {
          const { user, system } = process.cpuUsage();
          return (user + system) / 1e6;
        },
      ),
    ],
    /** Watches the event loop from now on, until `close`. */
    open: () => delays.enable(),
    close: () => delays.disable(),
  };
}

const resolutionMs = 20;

function gauge(name: string, help: string, read: () => number): Readings {
  return new Readings('gauge', name, help, read);
}
