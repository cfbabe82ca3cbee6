/** One method of a contract, as its generated `Service` describes it. */
export interface GrpcMethod {
  readonly request: unknown;
  readonly response: unknown;
  /** Set for a server stream. */
  readonly stream?: true;
}

/** For a backend without generated types: any method, answers `unknown`. */
export type AnyService = Record<string, { request: object; response: unknown; stream: boolean }>;

export interface GrpcCallOptions {
  /** Sent as `idempotency-key`; makes the call safe to repeat. */
  readonly idempotencyKey?: string;
  /** Metadata beside that of the definition; CR, LF and NUL are refused. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The typed calls of a gRPC backend, bound to one operation. */
export interface GrpcApi<Service = AnyService> {
  call<Name extends UnaryOf<Service>>(
    method: Name,
    message: RequestOf<Service, Name>,
    options?: GrpcCallOptions,
  ): Promise<ResponseOf<Service, Name>>;
  /** Read at the reader's own pace; returning from it, or the client leaving, cancels it upstream. */
  stream<Name extends StreamOf<Service>>(
    method: Name,
    message: RequestOf<Service, Name>,
    options?: GrpcCallOptions,
  ): AsyncIterableIterator<ResponseOf<Service, Name>>;
}

type StreamOf<Service> = {
  [Name in keyof Service]: Service[Name] extends { stream: infer Stream }
    ? true extends Stream
      ? Name
      : never
    : never;
}[keyof Service] &
  string;

type UnaryOf<Service> = {
  [Name in keyof Service]: Service[Name] extends { stream: true } ? never : Name;
}[keyof Service] &
  string;

type RequestOf<Service, Name extends keyof Service> = Service[Name] extends { request: infer Value }
  ? Value
  : never;

type ResponseOf<Service, Name extends keyof Service> = Service[Name] extends {
  response: infer Value;
}
  ? Value
  : never;
