import type { EffectiveBackendPolicy } from '../policy.ts';
import { emit } from './events.ts';
import type { Member } from './member.ts';

type Options = Exclude<EffectiveBackendPolicy['healthCheck'], false>;

/** Asks one endpoint for its health again and again until `close`. */
export class HealthCheck {
  readonly #backend: string;
  readonly #member: Member;
  readonly #options: Options;
  readonly #onChange: () => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Checks in a row that contradict what is believed. */
  #contradictions = 0;

  constructor(backend: string, member: Member, options: Options, onChange: () => void) {
    this.#backend = backend;
    this.#member = member;
    this.#options = options;
    this.#onChange = onChange;
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const { intervalMs, timeoutMs } = this.#options;
    const healthy = await this.#member.probe(AbortSignal.timeout(timeoutMs));
    if (this.#closed) return;
    this.#note(healthy);
    this.#timer = setTimeout(() => void this.#run(), intervalMs * (0.9 + Math.random() * 0.2));
    this.#timer.unref();
  }

  #note(healthy: boolean): void {
    const member = this.#member;
    if (healthy !== member.isDown) {
      this.#contradictions = 0;
      return;
    }
    this.#contradictions += 1;
    const { healthyAfter, unhealthyAfter } = this.#options;
    if (this.#contradictions < (healthy ? healthyAfter : unhealthyAfter)) return;
    this.#contradictions = 0;
    member.isDown = !healthy;
    emit({
      kind: healthy ? 'healthy' : 'unhealthy',
      backend: this.#backend,
      endpoint: member.host,
    });
    this.#onChange();
  }
}
