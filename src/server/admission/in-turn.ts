import type { BackendAnswer, LiveBackend, Transport } from '../../backend/backend.ts';
import type { LoadShedding } from './load-shedding.ts';

/**
 * The same backends, whose answers are gone on with in turn while this process can't keep up: what an
 * operation does with an answer is most of what it costs.
 */
export function inTurn(
  backends: ReadonlyMap<string, LiveBackend>,
  load: Pick<LoadShedding, 'turn'>,
): ReadonlyMap<string, LiveBackend> {
  const whenItsTurn = (answer: BackendAnswer): BackendAnswer | Promise<BackendAnswer> =>
    load.turn()?.then(() => answer) ?? answer;
  return new Map(
    [...backends].map(([name, live]) => {
      const { transport } = live;
      const paced: Transport = {
        call: (call) => transport.call(call).then(whenItsTurn),
        ...(transport.stream && { stream: (call) => transport.stream!(call) }),
        close: () => transport.close(),
      };
      return [name, { ...live, transport: paced }];
    }),
  );
}
