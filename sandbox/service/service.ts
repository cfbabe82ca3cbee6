import type { CallLog } from './call-log.ts';

/** How to start a service; its own options come on top. */
export interface ServiceOptions {
  /** Loopback port to listen on; 0 takes any free one. @default 0 */
  readonly port?: number;
  /** Folder of the database, made when missing. @default `.sandbox` in the repository */
  readonly dataDir?: string;
  /** Gets one JSON line per finished call. @default nothing is printed */
  readonly print?: (line: string) => void;
}

/** A service that may ask for access tokens. */
export interface ProtectedServiceOptions extends ServiceOptions {
  /** Whose tokens it asks for. @default none are asked for */
  readonly issuer?: string;
}

/** A service that answers. */
export interface RunningService {
  readonly name: string;
  /** Where it is reached, `http://127.0.0.1:<port>`, for REST and gRPC alike. */
  readonly url: string;
  /** Where another process reads the calls (`GET`) and clears them (`DELETE`). */
  readonly callsUrl: string;
  readonly calls: CallLog;
  /** Stops listening, gives open calls half a second, closes the database. */
  close(): Promise<void>;
}
