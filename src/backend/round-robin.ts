import type { Transport } from './backend.ts';

/** One transport over several endpoints, each asked in turn. */
export function roundRobin(transports: readonly Transport[]): Transport {
  const [only] = transports;
  if (only === undefined) throw new Error('a backend needs at least one endpoint, but got: none');
  if (transports.length === 1) return only;
  let turn = 0;
  const next = (): Transport => transports[turn++ % transports.length]!;
  return {
    call: (call) => next().call(call),
    stream(call) {
      const transport = next();
      if (!transport.stream) throw new Error(`backend "${call.backend}" has no streams`);
      return transport.stream(call);
    },
    async probe(signal) {
      const answers = await Promise.all(transports.map((each) => each.probe?.(signal) ?? true));
      return answers.includes(true);
    },
    async close() {
      await Promise.all(transports.map((each) => each.close()));
    },
  };
}
