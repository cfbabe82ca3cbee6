/** One place where a backend is reached, and what a balancer knows of it beforehand. */
export interface Endpoint {
  readonly url: URL;
  /** Its share of the calls beside endpoints of the same priority. @default 1 */
  readonly weight: number;
  /** Where it runs; endpoints of our own zone are preferred. @default none */
  readonly zone: string | null;
  /** 0 is asked first; the next number when that is not healthy. @default 0 */
  readonly priority: number;
  /** The side of a traffic split that it belongs to. @default the one that nothing is split to */
  readonly group: string | null;
}

/** An endpoint of which only the URL is known. */
export function plainEndpoint(url: URL): Endpoint {
  return { url, weight: 1, zone: null, priority: 0, group: null };
}

/** Why the options of an endpoint cannot be read. */
export class EndpointRule extends Error {
  override readonly name = 'EndpointRule';
}

/**
 * Reads the options behind an endpoint's URL: `weight=2;zone=eu;priority=1;group=canary`, each
 * optional, in any order.
 *
 * Fails: EndpointRule, naming the option.
 */
export function endpointWith(url: URL, options: readonly string[]): Endpoint {
  const endpoint = { ...plainEndpoint(url) };
  for (const option of options) {
    const [, name = '', value = ''] = /^\s*([a-z]+)\s*=\s*(.*?)\s*$/.exec(option) ?? [];
    switch (name) {
      case 'weight':
        endpoint.weight = wholeNumber(name, value, 1, 1_000);
        break;
      case 'priority':
        endpoint.priority = wholeNumber(name, value, 0, 9);
        break;
      case 'zone':
      case 'group':
        endpoint[name] = label(name, value);
        break;
      default:
        throw new EndpointRule(
          `expected weight=, zone=, priority= or group= after ";", but got ${JSON.stringify(option.slice(0, 40))}`,
        );
    }
  }
  return endpoint;
}

function wholeNumber(name: string, value: string, least: number, most: number): number {
  const number = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new EndpointRule(`expected ${name} to be a whole number from ${least} to ${most}`);
}

function label(name: string, value: string): string {
  if (/^[\w.-]{1,60}$/.test(value)) return value;
  throw new EndpointRule(`expected ${name} to be letters, digits, ".", "_" or "-"`);
}
