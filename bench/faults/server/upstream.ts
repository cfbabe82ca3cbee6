/**
 * What stands behind the server's rows, in a process of its own: a REST service that echoes who asks,
 * one that answers badly, and an OpenID provider. Obeys `{ order }`s over IPC.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { answerBadly } from './bad-answers.ts';

export type UpstreamOrder =
  /** How long an answer takes from now on, in milliseconds. */
  | { readonly order: 'slow'; readonly ms: number }
  /** When each call came whose URL has `about`, in milliseconds since 1970. */
  | { readonly order: 'tally'; readonly about: string }
  /** A token of an app for each subject. */
  | { readonly order: 'tokens'; readonly subjects: readonly string[] };

const { privateKey, publicKey } = await generateKeyPair('ES256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
let calls: { readonly url: string; readonly at: number }[] = [];
let answerMs = 5;

const service = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  calls.push({ url: request.url ?? '', at: Date.now() });
  setTimeout(answer, answerMs, request, response);
});
const bad = createServer({ keepAliveTimeout: 60_000 }, answerBadly);
const provider = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  void provide(request, response);
});
const [servicePort, badPort, providerPort] = await Promise.all(
  [service, bad, provider].map(
    (server) =>
      new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
      }),
  ),
);
const issuer = `http://127.0.0.1:${providerPort}`;

process.on('message', async (order: UpstreamOrder) => {
  switch (order.order) {
    case 'slow':
      answerMs = order.ms;
      calls = [];
      process.send?.({ done: true });
      return;
    case 'tally':
      process.send?.({
        done: calls.filter(({ url }) => url.includes(order.about)).map(({ at }) => at),
      });
      return;
    case 'tokens':
      process.send?.({
        done: await Promise.all(order.subjects.map((subject) => token(subject, 'urn:faults'))),
      });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ servicePort, badPort, providerPort });

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://service');
  const ids = searchParams.get('ids')?.split(',') ?? [];
  const send = (body: unknown) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  switch (pathname) {
    case '/items':
      return send({ items: ids.map((id) => ({ id, name: `item ${id}` })) });
    case '/people': {
      const seenBy = callerOf(request);
      return send({ items: ids.map((id) => ({ id, seenBy })) });
    }
    case '/whoami':
      return send({ id: 'whoami', seenBy: callerOf(request) });
    case '/crowd': {
      response.writeHead(200, { 'content-type': 'application/json' }).end(crowd);
      return;
    }
    default:
      response.writeHead(404).end();
  }
}

function callerOf({ headers }: IncomingMessage): string {
  const credential = headers.authorization?.replace(/^Bearer /, '');
  return credential === undefined ? 'nobody' : (decodeJwt(credential).sub ?? 'nobody');
}

async function provide(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (body: object) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  switch (request.url) {
    case '/.well-known/openid-configuration':
      return send({ issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token` });
    case '/jwks':
      return send({ keys: [jwk] });
    case '/token': {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const asked = new URLSearchParams(Buffer.concat(chunks).toString());
      const given = asked.get('subject_token');
      const subject = given === null ? 'bff' : (decodeJwt(given).sub ?? '');
      return send({
        access_token: await token(subject, asked.get('audience') ?? ''),
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 600,
      });
    }
    default:
      response.writeHead(404).end();
  }
}

function token(subject: string, audience: string): Promise<string> {
  return new SignJWT({ client_id: 'app', scope: 'read' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
}

const crowd = Buffer.from(
  JSON.stringify(
    Array.from({ length: 500 }, (_, index) => ({
      id: String(index),
      name: `face ${index}`,
      size: index,
      near: [0, 1, 2, 3].map((near) => ({ id: `${index}-${near}`, name: `near ${near}` })),
    })),
  ),
);
