import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/**
 * Files for TLS toward a backend, PEM. They are read again while the process runs, so that a
 * renewed certificate needs no restart: new connections use it, open ones stay.
 */
export interface TlsFiles {
  /** Authorities in place of the system's. */
  readonly caFile?: string;
  /** Our own certificate, with its chain; needs `keyFile`. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The name that the backend's certificate is checked for. @default the endpoint's host */
  readonly serverName?: string;
  /** How often the files are read again, in milliseconds. @default 10000 */
  readonly reloadMs?: number;
}

/** What a connection needs of the files. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

const parts = { ca: 'caFile', cert: 'certFile', key: 'keyFile' } as const;

/** The certificates that are current, until `close`. */
export class TlsMaterial {
  /** Hears of each change, after it. */
  onChange: (() => void) | undefined;
  readonly #files: TlsFiles;
  readonly #timer: NodeJS.Timeout | undefined;
  #options: TlsOptions;

  /** Fails: Error naming the file that cannot be read, or what does not fit together. */
  constructor(files: TlsFiles) {
    this.#files = files;
    if ((files.certFile === undefined) !== (files.keyFile === undefined)) {
      throw new Error('tls: certFile and keyFile go together; give both or none');
    }
    const options: { -readonly [Part in keyof TlsOptions]: TlsOptions[Part] } = {};
    if (files.serverName !== undefined) options.servername = files.serverName;
    for (const part of ['ca', 'cert', 'key'] as const) {
      const file = files[parts[part]];
      if (file === undefined) continue;
      try {
        options[part] = readFileSync(file, 'utf8');
      } catch (error) {
        throw new Error(`tls: ${parts[part]} ${file} cannot be read: ${reasonOf(error)}`, {
          cause: error,
        });
      }
    }
    try {
      createSecureContext(options);
    } catch (error) {
      const named = Object.values(parts).flatMap((name) => files[name] ?? []);
      throw new Error(`tls: ${named.join(', ')} do not fit together: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    this.#options = options;
    if (options.ca === undefined && options.cert === undefined) return;
    this.#timer = setInterval(() => void this.#reload(), files.reloadMs ?? 10_000);
    this.#timer.unref();
  }

  get options(): TlsOptions {
    return this.#options;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Files that are half-written or gone leave what is current, until the next time. */
  async #reload(): Promise<void> {
    try {
      const read = (file: string | undefined) =>
        file === undefined ? undefined : readFile(file, 'utf8');
      const { caFile, certFile, keyFile } = this.#files;
      const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
      const now = this.#options;
      if (ca === now.ca && cert === now.cert && key === now.key) return;
      const options: TlsOptions = {
        ...now,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      };
      createSecureContext(options);
      this.#options = options;
      this.onChange?.();
    } catch {
      return;
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
