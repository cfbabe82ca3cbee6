/**
 * The floor for cached answers: a bare `node:http` server that reads the body and sends the same bytes.
 * Env: `PORT`, `ANSWER_FILE` (what to send).
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const answer = readFileSync(process.env['ANSWER_FILE'] ?? '');

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  request.on('end', () => {
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'content-length': answer.byteLength,
      })
      .end(answer);
  });
}).listen(Number(process.env['PORT']), '127.0.0.1');
