import { readFile } from 'node:fs/promises';
import type { Plugin } from 'graphql-yoga';
import type { Composed } from './composed.ts';

/**
 * GraphiQL, for browsers that open the endpoint: the page at `/graphql`, its files under
 * `/graphql/assets/`. Built by the project in `explorer/`; read from disk when asked for.
 */
export function useExplorer<Plan>({ name, examples }: Composed<Plan>): Plugin {
  return {
    async onRequest({ request, url, endResponse, fetchAPI }) {
      if (request.method !== 'GET') return;
      if (url.pathname.startsWith(assetsPath)) {
        const asset = await readAsset(url.pathname.slice(assetsPath.length));
        if (asset) endResponse(new fetchAPI.Response(asset.body, { headers: asset.headers }));
      } else if (
        url.pathname === '/graphql' &&
        !url.searchParams.has('query') &&
        request.headers.get('accept')?.includes('text/html')
      ) {
        const page = await readPage(name, examples);
        // A copy: the response writes its own content-length into the object it is given.
        endResponse(new fetchAPI.Response(page, { headers: { ...pageHeaders } }));
      }
    },
  };
}

const assetsPath = '/graphql/assets/';
const folder = new URL('./explorer/dist/', import.meta.url);

/** Nothing but the page's own files and its own server; styles are made by the editor as it runs. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const contentTypes: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  ttf: 'font/ttf',
  woff2: 'font/woff2',
  svg: 'image/svg+xml',
};

async function readPage(name: string, examples: Composed['examples']): Promise<string> {
  const settings = JSON.stringify({ name, endpoint: '/graphql', examples }).replaceAll(
    '<',
    '\\u003c',
  );
  const template = await readFile(new URL('index.html', folder), 'utf8');
  return template
    .replace('__TITLE__', () => escaped(`${name} · GraphiQL`))
    .replace('__SETTINGS__', () => settings);
}

/** A built file by its name; null for anything else. Names carry a hash of their content. */
async function readAsset(name: string) {
  const extension = name.slice(name.lastIndexOf('.') + 1);
  const contentType = contentTypes[extension];
  if (!contentType || !/^[\w-]+(?:\.[\w-]+)+$/.test(name)) return null;
  try {
    return {
      body: await readFile(new URL(`assets/${name}`, folder)),
      headers: {
        'content-type': contentType,
        'cache-control': 'public, max-age=31536000, immutable',
        'content-security-policy': contentSecurityPolicy,
        'x-content-type-options': 'nosniff',
      },
    };
  } catch {
    return null;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
