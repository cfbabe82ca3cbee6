import { isBackendError } from '../error.ts';
import type { RequestContext } from '../request.ts';
import type { Backend, BackendAnswer, BackendCall, Transport } from './backend.ts';

/** How a backend wants to be told who asks. */
export interface BackendAuth {
  /** What its access tokens are made out to: `urn:travellers`. */
  readonly audience: string;
}

type Asked = Pick<Backend, 'name' | 'auth'>;

/**
 * Sends a call, with an access token of the backend's own audience where it wants one. Waiting for
 * the token ends with the call's deadline and signal; `late` makes the error of that. A token that
 * the backend refuses is replaced once, where another can be had: what was refused had no effect.
 */
export function sendAuthorized(
  context: RequestContext,
  backend: Asked,
  transport: Pick<Transport, 'call'>,
  call: BackendCall,
  late: (call: BackendCall) => Error,
): Promise<BackendAnswer> {
  const token = tokenOf(context, backend);
  if (token === undefined) return transport.call(call);
  return typeof token === 'string'
    ? send(token)
    : inTime(token, call, late).then((text) => send(text));

  function send(text: string): Promise<BackendAnswer> {
    return transport.call(withToken(call, text)).catch(async (error: unknown) => {
      if (!isBackendError(error) || error.code !== 'UNAUTHENTICATED') throw error;
      const renewed = tokenOf(context, backend, text);
      const other =
        typeof renewed === 'string' ? renewed : renewed && (await inTime(renewed, call, late));
      if (other === undefined || other === text) throw error;
      return transport.call(withToken(call, other));
    });
  }
}

/** The same for a server stream. */
export function streamAuthorized(
  context: RequestContext,
  backend: Asked,
  open: (call: BackendCall) => AsyncIterable<unknown>,
  call: BackendCall,
  late: (call: BackendCall) => Error,
): AsyncIterable<unknown> {
  if (!backend.auth || !context.tokenFor) return open(call);
  return (async function* authorized() {
    const token = tokenOf(context, backend) ?? '';
    const text = typeof token === 'string' ? token : await inTime(token, call, late);
    yield* open(withToken(call, text));
  })();
}

function tokenOf(
  context: RequestContext,
  { auth }: Asked,
  refused?: string,
): string | Promise<string> | undefined {
  return auth && context.tokenFor?.(auth.audience, refused);
}

function withToken(call: BackendCall, token: string): BackendCall {
  return { ...call, headers: { ...call.headers, authorization: `Bearer ${token}` } };
}

function inTime(
  token: Promise<string>,
  call: BackendCall,
  late: (call: BackendCall) => Error,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(late(call));
    const timer = Number.isFinite(call.deadline)
      ? setTimeout(giveUp, Math.ceil(call.deadline - performance.now()) + 1) // timers may be early
      : undefined;
    call.signal.addEventListener('abort', giveUp, { once: true });
    token.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', giveUp);
    });
  });
}
