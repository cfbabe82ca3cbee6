import type { BrokerListener, Heard } from '../../../src/events/topics/broker.ts';

/** Remembers what it hears, and can be waited for. */
export class Hearing implements BrokerListener {
  readonly heardAll: Heard[] = [];
  gaps = 0;
  #changed: (() => void) | undefined;

  get bodies(): string[] {
    return this.heardAll.map(({ body }) => body);
  }

  heard(message: Heard): void {
    this.heardAll.push(message);
    this.#changed?.();
  }

  gap(): void {
    this.gaps += 1;
    this.#changed?.();
  }

  until(count: number, ms = 5_000): Promise<void> {
    return this.#until(`${count} messages`, () => this.heardAll.length >= count, ms);
  }

  untilBody(body: string, ms: number): Promise<void> {
    return this.#until(`"${body}"`, () => this.bodies.includes(body), ms);
  }

  async #until(what: string, holds: () => boolean, ms: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`${what} did not come; heard ${this.bodies.join(', ')}`)),
      ms,
    );
    while (!holds()) {
      await Promise.race([new Promise<void>((resolve) => (this.#changed = resolve)), late.promise]);
    }
    clearTimeout(timer);
  }
}
