import type { Attributes } from '@opentelemetry/api';
import type { BackendCallRecord } from '../backend/backend.ts';

/**
 * A call by OpenTelemetry's conventions for HTTP, RPC and GraphQL clients, as its operation's name
 * tells them apart: `GET /airports`, `flights.v1.Flights/GetFlight`, `query Name`.
 */
export function callAttributes({ backend, operation }: BackendCallRecord): Attributes {
  const known = { 'peer.service': backend, 'tailorbird.backend': backend };
  const [first = '', rest = ''] = operation.split(' ', 2);
  if (rest.startsWith('/')) {
    return { ...known, 'http.request.method': first, 'url.template': rest };
  }
  const slash = operation.lastIndexOf('/');
  if (slash > 0) {
    return {
      ...known,
      'rpc.system': 'grpc',
      'rpc.service': operation.slice(0, slash),
      'rpc.method': operation.slice(slash + 1),
    };
  }
  return {
    ...known,
    'graphql.operation.type': first,
    ...(rest && { 'graphql.operation.name': rest }),
  };
}
