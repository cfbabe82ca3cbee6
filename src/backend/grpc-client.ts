import { createSecureContext } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, Client, credentials } from '@grpc/grpc-js';
import type { EffectiveBackendPolicy } from './policy.ts';
import type { TlsMaterial } from './tls.ts';

/** A client of one host and port; no connection is made before its first call. */
export function openClient(
  host: string,
  policy: EffectiveBackendPolicy,
  tls: TlsMaterial | undefined,
): Client {
  return new Client(host, credentialsOf(tls), channelOptions(policy, tls));
}

/** Whether it is reached and, with a health check, says that it serves; never throws. */
export function probeClient(
  client: Client,
  policy: EffectiveBackendPolicy,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true });
    const { healthCheck } = policy;
    if (healthCheck === false) {
      client.waitForReady(Date.now() + policy.connectTimeoutMs, (error) => resolve(!error));
      return;
    }
    const sent = client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      healthRequest,
      (answer) => answer,
      healthCheck.service,
      { deadline: Date.now() + healthCheck.timeoutMs },
      // HealthCheckResponse { ServingStatus status = 1 }; SERVING is 1.
      (error, answer) => resolve(!error && answer?.[0] === 0x08 && answer[1] === 1),
    );
    signal.addEventListener('abort', () => sent.cancel(), { once: true });
  });
}

/** HealthCheckRequest { string service = 1 }, for names under 128 bytes. */
function healthRequest(service: string): Buffer {
  const text = Buffer.from(service.slice(0, 127));
  return text.length === 0 ? text : Buffer.concat([Buffer.of(0x0a, text.length), text]);
}

function credentialsOf(tls: TlsMaterial | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { servername: _, ...options } = tls.options;
  return credentials.createFromSecureContext(
    createSecureContext({ ...options, minVersion: 'TLSv1.2' }),
  );
}

function channelOptions(
  policy: EffectiveBackendPolicy,
  tls: TlsMaterial | undefined,
): ChannelOptions {
  const { servername } = tls?.options ?? {};
  return {
    ...(servername !== undefined && { 'grpc.ssl_target_name_override': servername }),
    'grpc.max_receive_message_length': policy.maxResponseBytes,
    'grpc.max_send_message_length': policy.maxResponseBytes,
    // Its own retries are off: retrying has one owner.
    'grpc.enable_retries': 0,
    // A backend that comes back is found within a second.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.use_local_subchannel_pool': 1,
  };
}
