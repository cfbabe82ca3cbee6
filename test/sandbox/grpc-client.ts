import { join } from 'node:path';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface TestClient {
  /** Calls a unary method; fails with a `ServiceError`. */
  call<Answer>(method: string, request: object, authorization?: string): Promise<Answer>;
  /** The open stream of a server-streaming method. */
  open(method: string, request: object): ReturnType<Client['makeServerStreamRequest']>;
  close(): void;
}

/** A plain client for one service of a contract under `schemas/`. */
export function grpcClient(url: string, proto: string, service: string): TestClient {
  const file = join(import.meta.dirname, '../../schemas', proto);
  const definitions = loadPackageDefinition(
    loadSync(file, { longs: String, enums: String, defaults: true }),
  );
  const Service = service
    .split('.')
    .reduce<unknown>(
      (level, part) => (level as Record<string, unknown>)[part],
      definitions,
    ) as ServiceClientConstructor;
  const client = new Service(new URL(url).host, credentials.createInsecure());
  const methodOf = (name: string) => Service.service[name] as MethodDefinition<object, object>;

  return {
    call: <Answer>(name: string, request: object, authorization?: string) =>
      new Promise<Answer>((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = methodOf(name);
        const metadata = new Metadata();
        if (authorization !== undefined) metadata.set('authorization', authorization);
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          (error: ServiceError | null, answer) =>
            error ? reject(error) : resolve(answer as Answer),
        );
      }),
    open(name, request) {
      const { path, requestSerialize, responseDeserialize } = methodOf(name);
      return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
    },
    close: () => client.close(),
  };
}
