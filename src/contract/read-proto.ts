import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import '@grpc/proto-loader'; // registers the well-known types with protobufjs, as at run time
import protobuf from 'protobufjs';
import { ContractError } from './contract-error.ts';

/**
 * Reads a .proto file and what it imports, with its comments; every type is resolved.
 *
 * Fails: ContractError when a file is missing or broken, or a type is defined nowhere.
 */
export async function readProto(protoFile: URL): Promise<protobuf.Root> {
  const path = fileURLToPath(protoFile);
  const source = await readFile(protoFile, 'utf8').catch((error: unknown) => {
    throw new ContractError(
      protoFile,
      null,
      'expected a .proto file, but there is no such file',
      error,
    );
  });
  try {
    const root = new protobuf.Root();
    // The asynchronous load throws some errors where nobody can catch them.
    root.loadSync(path, { keepCase: false, alternateCommentMode: true });
    root.resolveAll();
    return root;
  } catch (error) {
    throw unreadable(protoFile, source, error);
  }
}

/** Puts protobufjs's complaints at their line. */
function unreadable(protoFile: URL, source: string, error: unknown): ContractError {
  const message = error instanceof Error ? error.message : String(error);
  const syntax = /^(.*) \((?:(.*), )?line (\d+)\)$/s.exec(message);
  if (syntax)
    return new ContractError(
      protoFile,
      Number(syntax[3]),
      `expected a .proto file: ${syntax[1]}`,
      error,
    );
  const missing = /open '(.*)'/.exec(message)?.[1];
  if (missing !== undefined) {
    const line = lineWith(source, /^\s*import\b/, basename(missing));
    return new ContractError(
      protoFile,
      line,
      `expected an imported file at ${missing}, but there is none`,
      error,
    );
  }
  const unknown = /no such (?:type|Type or Enum).*?['"]?([\w.]+)['"]?(?: in .*)?$/i.exec(
    message,
  )?.[1];
  const line =
    unknown === undefined ? null : lineWith(source, /./, unknown.split('.').at(-1) ?? unknown);
  return new ContractError(
    protoFile,
    line,
    `expected every type to be defined or imported: ${message}`,
    error,
  );
}

function lineWith(source: string, kind: RegExp, word: string): number | null {
  const found = source.split('\n').findIndex((line) => kind.test(line) && line.includes(word));
  return found === -1 ? null : found + 1;
}
