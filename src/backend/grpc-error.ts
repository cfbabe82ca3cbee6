import { type ServiceError, status } from '@grpc/grpc-js';
import type { BackendError } from '../error.ts';
import type { BackendCall } from './backend.ts';
import { noticedLate } from './call.ts';
import { grpcStatusMeaning } from './status.ts';
import { WireError, grpcStatusFacts } from './wire-failure.ts';

/** What a call becomes that ended at `host` with another status than OK, or with none. */
export function grpcError(call: BackendCall, host: string, error: ServiceError): BackendError {
  const { code, details } = error;
  if ((code as status | undefined) === undefined) return undecodable(call, host);
  // grpc-js reports what it refused itself in the words of a status that servers use otherwise.
  const unreadable =
    (code === 8 && /larger than max/i.test(details)) ||
    (code === 13 && /parsing error|response message|decompress/i.test(details));
  const unsendable = code === 13 && /serialization failure/i.test(details);
  const meaning = unreadable
    ? ({ code: 'UPSTREAM_BAD_RESPONSE', retryable: false } as const)
    : grpcStatusMeaning(unsendable ? 3 : code);
  const reason = String(details)
    .replace('. Last error: Error: ', '; last error: ')
    .replace(/\. Resolution note: $/, '');
  const pushback = error.metadata?.get('grpc-retry-pushback-ms')[0];
  return new WireError(
    {
      ...meaning,
      backend: call.backend,
      message: `${call.backend} ${call.operation} failed with gRPC status ${code} at ${host}: ${reason.slice(0, 300)}`,
    },
    unreadable || unsendable || (code === status.DEADLINE_EXCEEDED && noticedLate(call))
      ? {}
      : grpcStatusFacts(code, String(details), pushback),
  );
}

/** grpc-js gives a call no status when the compression of its answer can't be undone. */
function undecodable(call: BackendCall, host: string): BackendError {
  return new WireError(
    {
      code: 'UPSTREAM_BAD_RESPONSE',
      backend: call.backend,
      message: `${call.backend} ${call.operation} answered at ${host} with a message that is marked as compressed, and no grpc-encoding of gzip or deflate`,
    },
    {},
  );
}
