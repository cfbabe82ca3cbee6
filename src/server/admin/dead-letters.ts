import type { LiveJobs } from '../../events/jobs/live-jobs.ts';
import { type AdminAnswer, AdminInputError, type AdminRoute } from './admin-door.ts';

/**
 * Jobs that were given up, under `/jobs/dead`:
 *
 * - `GET ?first&after`: the oldest first, each with its input and cause; `after` is an id
 * - `POST /:id/redrive`: back to its queue, with all its attempts
 */
export function deadLetterRoute(jobs: LiveJobs): AdminRoute {
  return async ({ method, path, query }) => {
    const [root, kind, id, action] = path;
    if (root !== 'jobs' || kind !== 'dead' || path.length > 4) return null;
    if (id === undefined) {
      if (method !== 'GET') return notAllowed('GET');
      const first = firstOf(query.get('first') ?? '50');
      const deadLetters = await jobs.deadLetters({ first, after: query.get('after') });
      return { status: 200, body: { deadLetters } };
    }
    if (action !== 'redrive') return null;
    if (method !== 'POST') return notAllowed('POST');
    const job = await jobs.redrive(id);
    return job
      ? { status: 202, body: { job } }
      : { status: 404, body: { error: `there is no dead letter "${id}"` } };
  };
}

function firstOf(text: string): number {
  const first = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (first >= 1 && first <= 1_000) return first;
  throw new AdminInputError(`first is "${text}"; give a number from 1 to 1000`);
}

function notAllowed(allowed: string): AdminAnswer {
  return { status: 405, body: { error: `it is asked with ${allowed}` } };
}
