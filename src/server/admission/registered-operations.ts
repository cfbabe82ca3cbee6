import { createHash } from 'node:crypto';
// Not globSync by its name: a Node without it would link nothing, and could not say that it is too old.
import fs, { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bff } from '../../bff/define-bff.ts';

/** An operation of a released version of the app. */
export interface RegisteredOperation {
  /** As its manifest has it: `sha256:<hex>`. */
  readonly id: string;
  readonly source: string;
}

/** The operations of all released versions. Fixed at boot: nothing registers over the wire. */
export interface RegisteredOperations {
  readonly count: number;
  /** By its id, with or without `sha256:`. */
  find(id: string): RegisteredOperation | undefined;
  /** Whether exactly this text is registered. */
  has(source: string): boolean;
}

/**
 * Reads every `persisted-documents.json` under `operations/generated`: one for each released
 * version, each an object of ids and texts, as code generators for Relay and others write it.
 *
 * Fails: Error that names the file when it is no such object, when an id is not the SHA-256 of its
 * text, or when two versions give one id to different texts.
 */
export function readRegisteredOperations(
  bff: Pick<Bff, 'operations' | 'name'>,
): RegisteredOperations {
  if (bff.operations === null) return registeredOperations([]);
  const folder = join(bff.operations, 'generated');
  return registeredOperations(
    fs
      .globSync('**/persisted-documents.json', { cwd: folder })
      .sort()
      .map((path) => {
        const file = join(folder, path);
        return { file, operations: readManifest(file) };
      }),
  );
}

export interface Manifest {
  /** For messages. */
  readonly file: string;
  readonly operations: Readonly<Record<string, string>>;
}

/** The same from manifests that were read already. */
export function registeredOperations(manifests: readonly Manifest[]): RegisteredOperations {
  const byId = new Map<string, RegisteredOperation>();
  const sources = new Set<string>();
  for (const { file, operations } of manifests) {
    for (const [id, source] of Object.entries(operations)) {
      const known = byId.get(id);
      if (known?.source === source) continue;
      if (known) {
        throw new Error(
          `${file}: the id "${id}" has another text than in another version; run \`npm run codegen\``,
        );
      }
      const hash = id.startsWith(prefix) ? id.slice(prefix.length) : null;
      if (hash !== null && hash !== sha256(source)) {
        throw new Error(
          `${file}: the id "${id}" is not the SHA-256 of its text; run \`npm run codegen\``,
        );
      }
      const operation = { id, source };
      byId.set(id, operation);
      if (hash !== null) byId.set(hash, operation);
      sources.add(source);
    }
  }
  return {
    count: sources.size,
    find: (id) => byId.get(id),
    has: (source) => sources.has(source),
  };
}

const prefix = 'sha256:';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function readManifest(file: string): Record<string, string> {
  const rule = 'expected an object of ids and the texts of operations; run `npm run codegen`';
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`${file}: ${cause}; ${rule}`, { cause: error });
  }
  const isManifest =
    typeof manifest === 'object' &&
    manifest !== null &&
    Object.values(manifest).every((text) => typeof text === 'string');
  if (!isManifest) throw new Error(`${file}: ${rule}`);
  return manifest as Record<string, string>;
}
