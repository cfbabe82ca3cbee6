/** `0.42 ms`, `3.1 ms`, `128 ms`, `1.24 s`. */
export function duration(ms) {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms >= 100 ? Math.round(ms) : ms >= 1 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** `812 B`, `4.2 KB`, `1.3 MB`. */
export function size(bytes) {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** Round times for an axis of `lengthMs`: four to six of them, from 0. */
export function ticks(lengthMs) {
  const rough = lengthMs / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const times = [];
  for (let index = 0; index * step <= lengthMs; index += 1) times.push(index * step);
  return times;
}

/** An axis' label: no more digits than the steps have. */
export function tick(ms) {
  if (ms === 0) return '0';
  if (ms >= 1_000) return `${Number((ms / 1_000).toPrecision(3))} s`;
  return `${Number(ms.toPrecision(2))} ms`;
}

/** `flights.v1.Flights/BatchGetFlights` is known by its last part. */
export function shortened(operation) {
  return operation.includes(' ') ? operation : operation.slice(operation.lastIndexOf('/') + 1);
}
