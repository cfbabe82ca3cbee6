/**
 * The airports (REST) and flights (gRPC) services of the example as an upstream that costs next to
 * nothing: each distinct call is answered once by the real service and replayed from then on.
 * Env: `PORT` (REST and control paths, see `control.ts`), `GRPC_PORT`.
 */
import { createServer, type ServerResponse } from 'node:http';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { startAirports } from '../../sandbox/airports/airports.ts';
import { startFlights } from '../../sandbox/flights/flights.ts';
import { UpstreamControl } from './control.ts';

const methods = ['BatchListRoutes', 'BatchListDepartures', 'BatchGetDelayStats'];
const airports = await startAirports();
const flights = await startFlights();
const flightsClient = new Client(new URL(flights.url).host, credentials.createInsecure());
const control = new UpstreamControl();

const pages = new Map<string, Promise<Buffer>>();
createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const path = request.url ?? '/';
  const controlled = control.answerTo(path);
  if (controlled) return send(response, controlled);
  control.count();
  let page = pages.get(path);
  if (page === undefined) pages.set(path, (page = fetchPage(path)));
  page.then(
    (body) => control.later(() => send(response, body)),
    () => response.writeHead(502, { 'content-length': 0 }).end(),
  );
}).listen(Number(process.env['PORT']), '127.0.0.1');

const messages = new Map<string, Promise<Buffer>>();
const grpc = new Server();
const asIs = (bytes: Buffer) => bytes;
grpc.addService(
  Object.fromEntries(
    methods.map((name) => [
      name,
      {
        path: `/flights.v1.Flights/${name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]),
  ),
  Object.fromEntries(methods.map((name) => [name, replay(`/flights.v1.Flights/${name}`)])),
);
grpc.bindAsync(
  `127.0.0.1:${process.env['GRPC_PORT']}`,
  ServerCredentials.createInsecure(),
  (error) => {
    if (error) throw error;
  },
);

function replay(path: string) {
  return async (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
    control.count();
    const key = path + call.request.toString('latin1');
    let message = messages.get(key);
    if (message === undefined) messages.set(key, (message = askFlights(path, call.request)));
    try {
      const bytes = await message;
      control.later(() => callback(null, bytes));
    } catch (error) {
      // grpc-js rejects with a ServiceError only.
      callback(error as ServiceError);
    }
  };
}

function askFlights(path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    flightsClient.makeUnaryRequest(path, asIs, asIs, request, (error, bytes) => {
      if (error || !bytes) reject(error);
      else resolve(bytes);
    });
  });
}

async function fetchPage(path: string): Promise<Buffer> {
  const response = await fetch(airports.url + path);
  if (!response.ok) throw new Error(`airports answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function send(response: ServerResponse, body: Buffer): void {
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': body.byteLength })
    .end(body);
}
