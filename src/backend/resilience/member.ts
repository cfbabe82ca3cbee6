import type { BackendAnswer, BackendCall, Transport } from '../backend.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EffectiveBackendPolicy } from '../policy.ts';
import { BreakerTransport } from './breaker.ts';
import { Bulkhead } from './bulkhead.ts';
import type { EndpointState } from './events.ts';
import { PeakEwma } from './peak-ewma.ts';

/** One endpoint at work: its breaker around its bulkhead around its wire, and how it does. */
export class Member {
  readonly endpoint: Endpoint;
  /** Host and port, for the log. */
  readonly host: string;
  readonly latency = new PeakEwma();
  failuresInARow = 0;
  isEjected = false;
  /** What an active check last said. */
  isDown = false;
  readonly #wire: Transport;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: BreakerTransport | undefined;
  readonly #outermost: Pick<Transport, 'call'>;
  #attempts = 0;

  constructor(endpoint: Endpoint, wire: Transport, policy: EffectiveBackendPolicy) {
    this.endpoint = endpoint;
    this.host = endpoint.url.host;
    this.#wire = wire;
    this.#bulkhead = new Bulkhead(
      { call: (call) => this.#attempt(call) },
      policy.bulkhead,
      this.host,
    );
    this.#breaker =
      policy.resilience === 'mesh'
        ? undefined
        : new BreakerTransport(this.#bulkhead, policy, this.host);
    this.#outermost = this.#breaker ?? this.#bulkhead;
  }

  get isHealthy(): boolean {
    return !this.isEjected && !this.isDown;
  }

  /** Calls that it has yet to answer. */
  get pending(): number {
    return this.#bulkhead.inFlight + this.#bulkhead.waiting;
  }

  call(call: BackendCall): Promise<BackendAnswer> {
    return this.#outermost.call(call);
  }

  /** Past breaker and bulkhead: a stream is one of few and lives for long. */
  stream(call: BackendCall): AsyncIterable<unknown> {
    if (!this.#wire.stream) throw new Error(`backend "${call.backend}" has no streams`);
    this.#count(call);
    return this.#wire.stream(call);
  }

  /** Whether its breaker lets the call through. */
  admits(call: BackendCall, now: number): boolean {
    return this.#breaker?.admits(call, now) ?? true;
  }

  probe(signal: AbortSignal): Promise<boolean> {
    return this.#wire.probe?.(signal) ?? Promise.resolve(true);
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  state(): EndpointState {
    const { zone, priority, group } = this.endpoint;
    return {
      endpoint: this.host,
      zone,
      priority,
      group,
      health: this.isEjected ? 'ejected' : this.isDown ? 'unhealthy' : 'healthy',
      attempts: this.#attempts,
      inFlight: this.#bulkhead.inFlight,
      waiting: this.#bulkhead.waiting,
      overloaded: this.#bulkhead.overloaded,
      latencyMs: this.latency.at(performance.now()),
      breakers: this.#breaker?.phases() ?? [],
    };
  }

  #attempt(call: BackendCall): Promise<BackendAnswer> {
    this.#count(call);
    try {
      return this.#wire.call(call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #count(call: BackendCall): void {
    this.#attempts += 1;
    const { record } = call;
    if (record === undefined) return;
    record.attempts = (record.attempts ?? 0) + 1;
    (record.attemptedAt ??= []).push(performance.now());
    record.endpoint = this.host;
  }
}
