import type { Repeated } from './repeated.ts';

/** One operation of a contract, as its generated `Paths` describe it. */
export interface RestOperation {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly response: unknown;
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** For a backend without generated types: any path, answers `unknown`. */
export type AnyPaths = Record<string, Record<Method, AnyOperation>>;

interface AnyOperation {
  params?: Readonly<Record<string, string | number | boolean>>;
  query?: Readonly<Record<string, QueryValue | undefined>>;
  body?: unknown;
  response: unknown;
}

/** Lists are joined by commas, or `repeated`; each item encoded. */
export type QueryValue =
  | string
  | number
  | boolean
  | readonly (string | number)[]
  | Repeated<string | number | boolean>;

/** The typed calls of a REST backend, bound to one operation. Answers are the parsed JSON; 204 is null. */
export interface RestApi<Paths = AnyPaths> {
  /** With `notFound: null`, 404 is null instead of an error. */
  get<Path extends PathOf<Paths, 'get'>>(
    path: Path,
    options: CallOptions<Paths, Path, 'get'> & { readonly notFound: null },
  ): Promise<Response<Paths, Path, 'get'> | null>;
  get<Path extends PathOf<Paths, 'get'>>(
    path: Path,
    ...options: OptionsOf<Paths, Path, 'get'>
  ): Promise<Response<Paths, Path, 'get'>>;
  post: RestCall<Paths, 'post'>;
  put: RestCall<Paths, 'put'>;
  patch: RestCall<Paths, 'patch'>;
  delete: RestCall<Paths, 'delete'>;
}

type RestCall<Paths, M extends Method> = <Path extends PathOf<Paths, M>>(
  path: Path,
  ...options: OptionsOf<Paths, Path, M>
) => Promise<Response<Paths, Path, M>>;

type PathOf<Paths, M extends Method> = {
  [Path in keyof Paths]: M extends keyof Paths[Path] ? Path : never;
}[keyof Paths] &
  string;

type Operation<Paths, Path extends keyof Paths, M extends Method> = M extends keyof Paths[Path]
  ? Paths[Path][M]
  : never;

type Response<Paths, Path extends keyof Paths, M extends Method> =
  Operation<Paths, Path, M> extends { response: infer Value } ? Value : never;

type CallOptions<Paths, Path extends keyof Paths, M extends Method> = Part<
  Operation<Paths, Path, M>,
  'params'
> &
  Part<Operation<Paths, Path, M>, 'query'> &
  Part<Operation<Paths, Path, M>, 'body'> &
  RestCallOptions;

/** Optional as a whole when nothing in it is required. */
type OptionsOf<Paths, Path extends keyof Paths, M extends Method> =
  Record<never, never> extends CallOptions<Paths, Path, M>
    ? [options?: CallOptions<Paths, Path, M>]
    : [options: CallOptions<Paths, Path, M>];

/** Required when the contract requires something in it; absent where it says `never` or `undefined`. */
type Part<Op, Name extends string> = Name extends keyof Op
  ? [Op[Name]] extends [undefined]
    ? { readonly [N in Name]?: undefined }
    : Record<never, never> extends Op[Name]
      ? { readonly [N in Name]?: Op[Name] }
      : undefined extends Op[Name]
        ? { readonly [N in Name]?: Op[Name] }
        : { readonly [N in Name]: Op[Name] }
  : { readonly [N in Name]?: undefined };

/** What any REST call may say beside its parameters. */
export interface RestCallOptions {
  /** Beside those of the definition; CR, LF and NUL are refused. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `idempotency-key`; makes the call safe to repeat. */
  readonly idempotencyKey?: string;
}
