import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TLSSocket } from 'node:tls';
import { Server, ServerCredentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defineGrpcBackend } from '../../src/backend/grpc-backend.ts';
import { createLiveBackend } from '../../src/backend/live-backend.ts';
import { defineRestBackend } from '../../src/backend/rest-backend.ts';
import type { TlsFiles } from '../../src/backend/tls.ts';
import { contextOver } from './request-context.ts';

const file = (name: string): string => fileURLToPath(new URL(`./tls/${name}`, import.meta.url));
const pem = (name: string): string => readFileSync(file(name), 'utf8');
const serverTls = { ca: pem('ca.pem'), cert: pem('server.pem'), key: pem('server.key') };
const proto = new URL('./flights.proto', import.meta.url);

/** Certificate files that can be renewed in place. */
function clientFiles() {
  const dir = mkdtempSync(join(tmpdir(), 'tls-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const certFile = join(dir, 'cert.pem');
  const keyFile = join(dir, 'key.pem');
  const use = (name: string): void => {
    copyFileSync(file(`${name}.pem`), certFile);
    copyFileSync(file(`${name}.key`), keyFile);
  };
  use('client');
  return { use, files: { caFile: file('ca.pem'), certFile, keyFile, reloadMs: 20 } };
}

/** Answers with the name in the client's certificate, once per connection. */
async function httpsServer(): Promise<URL> {
  const server = createServer(
    { ...serverTls, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject;
      const headers = { 'content-type': 'application/json', connection: 'close' };
      response.writeHead(200, headers).end(JSON.stringify(CN));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function restOver(url: URL, tls?: TlsFiles) {
  const definition = defineRestBackend({
    name: 'airports',
    endpoints: 'https://unused',
    policy: { retries: 0, breaker: false },
    ...(tls && { tls }),
  });
  const live = createLiveBackend(definition, { endpoints: [url] });
  onTestFinished(() => live.transport.close());
  return definition.api(contextOver([live], { deadlineMs: 20_000 }));
}

describe('TLS toward a REST backend', () => {
  it('shows our certificate, and the renewed one without a restart', async () => {
    const { use, files } = clientFiles();
    const api = restOver(await httpsServer(), files);
    expect(await api.get('/')).toBe('client');
    use('renewed');
    await expect.poll(() => api.get('/')).toBe('renewed');
  });

  it('refuses an authority that it does not know, and a name that is not the certified one', async () => {
    const url = await httpsServer();
    const { files } = clientFiles();
    const { caFile: _, ...noAuthority } = files;
    for (const tls of [noAuthority, { ...files, serverName: 'elsewhere.test' }]) {
      await expect(restOver(url, tls).get('/')).rejects.toMatchObject({
        code: 'UPSTREAM_UNAVAILABLE',
      });
    }
    expect(await restOver(url, { ...files, serverName: 'backend.test' }).get('/')).toBe('client');
  });

  it('says which file is wrong when the backend is connected', async () => {
    const url = await httpsServer();
    expect(() => restOver(url, { certFile: '/nowhere.pem' })).toThrow(
      'tls: certFile and keyFile go together; give both or none',
    );
    expect(() => restOver(url, { caFile: '/nowhere.pem' })).toThrow(
      /^tls: caFile \/nowhere\.pem cannot be read: ENOENT/,
    );
    const mixed = { certFile: file('client.pem'), keyFile: file('server.key') };
    expect(() => restOver(url, mixed)).toThrow(/do not fit together/);
  });
});

describe('TLS toward a gRPC backend', () => {
  it('shows our certificate, and the renewed one without a restart', async () => {
    const { flights } = loadPackageDefinition(loadSync(fileURLToPath(proto))) as unknown as {
      flights: { v1: { Flights: { service: never } } };
    };
    const server = new Server();
    server.addService(flights.v1.Flights.service, {
      GetFlight: ((
        call: { getAuthContext(): { sslPeerCertificate?: { subject: { CN: string } } } },
        answer: (error: null, value: object) => void,
      ) => answer(null, { note: call.getAuthContext().sslPeerCertificate?.subject.CN })) as never,
      WatchDepartures: (() => {}) as never,
    });
    const { ca, cert, key } = serverTls;
    const credentials = ServerCredentials.createSsl(
      Buffer.from(ca),
      [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }],
      true,
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    onTestFinished(() => server.forceShutdown());
    const { use, files } = clientFiles();
    const definition = defineGrpcBackend<{
      GetFlight: { request: { id: string }; response: { note: string } };
    }>({
      name: 'flights',
      endpoints: 'unused:1',
      proto,
      service: 'flights.v1.Flights',
      tls: files,
    });
    const live = createLiveBackend(definition, {
      endpoints: [new URL(`grpcs://127.0.0.1:${port}`)],
    });
    onTestFinished(() => live.transport.close());
    const api = definition.api(contextOver([live], { deadlineMs: 20_000 }));
    const name = async () => (await api.call('GetFlight', { id: '1' })).note;
    expect(await name()).toBe('client');
    use('renewed');
    await expect.poll(name).toBe('renewed');
  });
});
