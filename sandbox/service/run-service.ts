import { PortInUseError } from './listen.ts';
import type { ProtectedServiceOptions, RunningService } from './service.ts';

/**
 * Runs one service as this process: reads `PORT`, `SANDBOX_DIR`, `OIDC_ISSUER` and `LOG_LEVEL`
 * (`debug` prints each call), prints one JSON line with its URLs when it answers, and ends on SIGTERM and SIGINT.
 * What keeps it from starting is said in one line, with exit code 1.
 */
export async function runService(
  name: string,
  defaultPort: number,
  start: (options: ProtectedServiceOptions) => Promise<RunningService>,
): Promise<void> {
  try {
    const service = await start({
      port: readPort(process.env['PORT'], defaultPort),
      dataDir: process.env['SANDBOX_DIR'],
      issuer: process.env['OIDC_ISSUER'] || 'http://127.0.0.1:4105',
      print: process.env['LOG_LEVEL'] === 'debug' ? (line) => console.log(line) : undefined,
    });
    console.log(
      JSON.stringify({
        service: name,
        url: service.url,
        calls: service.callsUrl,
        pid: process.pid,
      }),
    );
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => service.close().then(() => process.exit(0)));
    }
  } catch (error) {
    const remedy = error instanceof PortInUseError ? '; set PORT to another (0 for any)' : '';
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}${remedy}`);
    process.exit(1);
  }
}

/** A number from the environment. Fails with the variable's name and what it expects. */
export function readPort(text: string | undefined, fallback: number, variable = 'PORT'): number {
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new Error(`${variable} has to be a port from 0 to 65535, but is "${text}"`);
}
