import type { IncomingMessage, ServerResponse } from 'node:http';
import { endpoint } from '../endpoint.ts';
import { createHttpHandler, type HttpHandlerOptions } from '../http-handler.ts';
import type { Logger } from '../log.ts';
import type { RunOperation } from '../operations.ts';
import { staffAuth } from './staff-auth.ts';

export interface StaffExplorerOptions<Plan>
  extends Omit<HttpHandlerOptions<Plan>, 'run' | 'viewer' | 'auth' | 'explorer'> {
  /** ADMIN_TOKEN. */
  readonly token: string;
  readonly logger: Logger;
  /** Runs what is not registered too, and answers who asks for the schema. */
  readonly run: RunOperation;
}

/**
 * GraphiQL and any operation for staff, at `/graphql` of the admin port: over the same pipeline,
 * limits and masks as on the public port, but nobody is logged in. Each operation has its line in the
 * log, with the transport `staff`. False for other paths.
 */
export function createStaffExplorer<Plan>(options: StaffExplorerOptions<Plan>) {
  const { composed, token, logger, run, ...rest } = options;
  const handle = createHttpHandler({
    ...rest,
    composed,
    viewer: () => null,
    explorer: true,
    auth: staffAuth({ bff: composed.name, token, logger }),
    run: (request, caller) => run(request, { ...caller, transport: 'staff' }),
  });
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const path = request.url?.split('?')[0] ?? '';
    if (path !== endpoint && !path.startsWith(`${endpoint}/`)) return false;
    await handle(request, response);
    return true;
  };
}
