import { freePort, PortInUseError } from '../service/listen.ts';
import { readPort } from '../service/run-service.ts';
import { type Part, type PartPort, parts as allParts } from './parts.ts';

/** The port of each variable in `Part.ports`. */
export type Ports = ReadonlyMap<string, number>;

/**
 * The ports that the parts will listen on, as the environment has them; 0 becomes a free one.
 * Fails once with every port that is malformed or in use, and the variable that changes it.
 */
export async function resolvePorts(
  parts: readonly Part[],
  environment: NodeJS.ProcessEnv,
): Promise<Ports> {
  const ports = new Map<string, number>();
  const problems: string[] = [];
  for (const { name, ports: wanted } of parts) {
    for (const { variable, fallback } of wanted) {
      try {
        const asked = readPort(environment[variable], fallback, variable);
        const port = asked === 0 ? await anyPort(ports) : await freePort(asked);
        const twin = [...ports].find(([, taken]) => taken === port);
        if (twin) problems.push(`${name}: ${variable} and ${twin[0]} are both ${port}`);
        ports.set(variable, port);
      } catch (error) {
        problems.push(
          error instanceof PortInUseError
            ? `${name}: port ${error.port} is in use; set ${variable} to another (0 for any)`
            : `${name}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  }
  if (problems.length > 5) {
    const rest = `and ${problems.length - 4} more: is it running already? --help lists the variables`;
    problems.splice(4, problems.length, rest);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return ports;
}

/** A free one may come twice: it is free again until its part listens. */
async function anyPort(taken: Ports): Promise<number> {
  for (;;) {
    const port = await freePort(0);
    if (![...taken.values()].includes(port)) return port;
  }
}

/** What a part sees: our environment, its ports, and where the backends are unless that is set. */
export function environmentOf(
  part: Part,
  ports: Ports,
  all: readonly Part[],
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const { PORT: _port, ADMIN_PORT: _adminPort, ...inherited } = environment;
  const result: Record<string, string> = {};
  for (const { urlVariable, ports: offered } of all) {
    const port = offered[0] && ports.get(offered[0].variable);
    if (urlVariable !== null && port !== undefined) result[urlVariable] = originOf(port);
  }
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && value !== '') result[name] = value;
  }
  for (const { passedAs, variable } of part.ports) {
    result[passedAs] = String(ports.get(variable));
  }
  return result;
}

/** What starts a part again beside the others, typed into another terminal. */
export function commandFor(part: Part, ports: Ports, all: readonly Part[]): string {
  const moved = ({ variable, fallback }: PartPort) => ports.get(variable) !== fallback;
  const own = part.ports.filter(moved).map(({ variable }) => `${variable}=${ports.get(variable)}`);
  const backends = all.flatMap(({ urlVariable, ports: [port] }) =>
    part.group === 'bffs' && urlVariable !== null && port && moved(port)
      ? [`${urlVariable}=${originOf(ports.get(port.variable))}`]
      : [],
  );
  return [...own, ...backends, 'npm start -- --only', part.name].join(' ');
}

/**
 * Where `npm start` listens on a port, for commands that are typed beside it: by its variable, or its
 * fallback. Fails when that is malformed or any port; `instead` is the variable that names the address itself.
 */
export function originBeside(
  variable: string,
  instead: string,
  environment: NodeJS.ProcessEnv,
): string {
  const wanted = allParts.flatMap(({ ports }) => ports).find((port) => port.variable === variable);
  if (!wanted) throw new Error(`npm start knows no ${variable}`);
  const port = readPort(environment[variable], wanted.fallback, variable);
  if (port !== 0) return originOf(port);
  throw new Error(
    `${variable} is 0, which is any port; set it to the one that npm start printed, or set ${instead}`,
  );
}

export function originOf(port: number | undefined): string {
  return `http://127.0.0.1:${port}`;
}
