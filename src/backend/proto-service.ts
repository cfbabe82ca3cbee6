import { existsSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ServiceDefinition, loadSync } from '@grpc/proto-loader';
import { nearestPath } from '../nearest-path.ts';
import { didYouMean } from './did-you-mean.ts';

export type ProtoMethod = ServiceDefinition[string];

/**
 * The methods of one service of a .proto file, by name. Imports are looked up beside the file.
 *
 * Messages are plain objects: camelCase fields, 64-bit numbers as text, enums as their names,
 * absent fields as their defaults, and a oneof's choice named under the oneof.
 * Fails: Error that begins with `at`, naming file and what is wrong, with the nearest file or service.
 */
export function loadProtoService(
  at: string,
  proto: URL,
  service: string,
): ReadonlyMap<string, ProtoMethod> {
  const file = fileURLToPath(proto);
  const shown = relative(process.cwd(), file);
  if (!existsSync(file)) {
    const nearest = nearestPath(file);
    const hint = nearest === null ? '' : `; did you mean "${relative(dirname(file), nearest)}"?`;
    throw new Error(`${at}: proto names the file "${shown}", which is not there${hint}`);
  }
  let definitions: ReturnType<typeof loadSync>;
  try {
    definitions = loadSync(file, {
      keepCase: false,
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
      includeDirs: [dirname(file)],
    });
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    throw new Error(`${at}: proto file ${shown} cannot be read: ${reason}`, {
      cause: error,
    });
  }
  const found = definitions[service];
  if (found === undefined || 'format' in found) {
    const services = Object.keys(definitions).filter((name) => !('format' in definitions[name]!));
    throw new Error(
      `${at}: ${shown} has no service "${service}"${didYouMean(service, services) || `; it has: ${services.join(', ')}`}`,
    );
  }
  return new Map(Object.entries(found as ServiceDefinition));
}
