import { createServer } from '../../../src/index.ts';
import { toy } from './toy-bff.ts';

// A process of its own: listens, and says where.
const server = createServer(toy);
process.stdout.write(`${JSON.stringify(await server.listen())}\n`);
process.on('SIGTERM', () => {
  void server.close().then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(1));
