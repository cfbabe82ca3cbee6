import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Provider } from 'oidc-provider';
import { accounts, password } from './accounts.ts';
import { loginPage, messagePage, pageHeaders } from './pages.ts';

const bodyLimitBytes = 4 * 1024;

/** Answers the provider's own pages, where somebody says who they are. Never rejects. */
export function createInteractions(
  provider: Provider,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    try {
      await provider.interactionDetails(request, response);
      if (request.method !== 'POST') return show(response, 200, loginPage(null));
      const form = new URLSearchParams(await readBody(request));
      const account = accounts.find(({ id }) => id === form.get('account'));
      if (!account || form.get('password') !== password) {
        return show(response, 401, loginPage('That is not the right password.'));
      }
      await provider.interactionFinished(request, response, { login: { accountId: account.id } });
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) console.error(error);
      const text = 'This login is over. Go back to the application and start again.';
      show(response, 400, messagePage('Too late', text));
    }
  };
}

function show(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, pageHeaders).end(html);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > bodyLimitBytes) throw new Error('the form is too long');
  }
  return text;
}
