import { BackendError } from '../error.ts';
import type { BackendCall, GraphqlRequest, Transport } from './backend.ts';
import { HttpConnection } from './http-connection.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { EffectiveBackendPolicy } from './policy.ts';
import { parseJson, statusError } from './rest-transport.ts';
import type { TlsFiles } from './tls.ts';

const accept = 'application/graphql-response+json, application/json;q=0.9';

/** GraphQL over HTTP POST to one endpoint; the value of an answer is `{ data, errors }`. */
export function graphqlTransport(
  endpoint: URL,
  policy: EffectiveBackendPolicy,
  tls?: TlsFiles,
): Transport {
  const connection = new HttpConnection(endpoint, policy, tls);
  return {
    async call(call) {
      const { document, operationName, variables } = call.request as GraphqlRequest; // a graphql backend's calls are graphql requests
      const body = JSON.stringify({ query: document, operationName, variables });
      const answer = await connection.send(call, { method: 'POST', path: '', accept, body });
      const { headers, bytes } = answer;
      return { value: resultOf(call, answer, endpoint), headers, bytes };
    },
    probe: (signal) => connection.probe(signal),
    close: () => connection.close(),
  };
}

/** A result may come with any status, when it says that it is one. */
function resultOf(call: BackendCall, answer: HttpAnswer, endpoint: URL): unknown {
  const ok = answer.status >= 200 && answer.status <= 299;
  const type = String(answer.headers['content-type']);
  if (!ok && !type.startsWith('application/graphql-response+json')) {
    throw statusError(call, answer, endpoint);
  }
  const value = parseJson(call, answer, endpoint);
  if (typeof value === 'object' && value !== null) {
    if ('data' in value || ('errors' in value && Array.isArray(value.errors))) return value;
  }
  throw new BackendError({
    code: 'UPSTREAM_BAD_RESPONSE',
    backend: call.backend,
    message: `${call.backend} ${call.operation} answered JSON at ${endpoint.host} that is no GraphQL result`,
  });
}
