import { randomBytes } from 'node:crypto';

/** A page that loads nothing from anywhere and is framed by nobody. */
export function pageResponse(
  status: number,
  page: (nonce: string) => string,
  cookies: readonly string[] = [],
): Response {
  const nonce = randomBytes(16).toString('base64');
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(page(nonce), { status, headers });
}

/** Goes on by itself, from our own site, so that the strict session cookie goes along. */
export function continuePage(path: string): (nonce: string) => string {
  const to = escaped(path);
  return document(
    'Logged in',
    `<meta http-equiv="refresh" content="0;url=${to}">`,
    `<p>You are logged in. <a href="${to}">Go on</a></p>`,
  );
}

export function failurePage(reason: string): (nonce: string) => string {
  return document(
    'Not logged in',
    '',
    `<h1>Not logged in</h1><p>${escaped(reason)}</p><p><a href="/auth/login">Try again</a></p>`,
  );
}

/** Asks staff for their token, and says what was wrong with the last one. */
export function staffPage(action: string, problem = ''): (nonce: string) => string {
  return document(
    'For staff',
    '',
    `<h1>For staff</h1><p>${escaped(problem)}</p>
<form method="post" action="${escaped(action)}"><p><label>Token <input name="token" type="password"
autocomplete="current-password" required autofocus></label> <button>Go on</button></p></form>`,
  );
}

/** Logs in, asks `query` and logs out: for trying a session by hand. */
export function tryOutPage(name: string, query: string): (nonce: string) => string {
  return (nonce) =>
    document(
      name,
      '',
      `<h1>${escaped(name)}</h1>
<p id="who">…</p>
<p><a id="login" href="/auth/login" hidden>Log in</a>
<button id="logout" hidden>Log out</button> <a href="/graphql">GraphiQL</a></p>
<textarea id="query" rows="6" spellcheck="false">${escaped(query)}</textarea>
<p><button id="ask">Ask</button></p>
<pre id="answer"></pre>
<script nonce="${nonce}">${script}</script>`,
    )(nonce);
}

const script = `
const headers = { 'x-bff-csrf': '1', 'content-type': 'application/json' };
const part = (id) => document.getElementById(id);
async function show() {
  const answer = await fetch('/auth/session', { headers });
  const { viewer = null } = answer.ok ? await answer.json() : {};
  part('who').textContent = viewer ? 'Logged in as ' + (viewer.name ?? viewer.subject) : 'Nobody is logged in';
  part('login').hidden = viewer !== null;
  part('logout').hidden = viewer === null;
}
part('ask').onclick = async () => {
  const body = JSON.stringify({ query: part('query').value });
  const answer = await fetch('/graphql', { method: 'POST', headers, body });
  part('answer').textContent = JSON.stringify(await answer.json(), null, 2);
};
part('logout').onclick = async () => {
  const answer = await fetch('/auth/logout', { method: 'POST', headers });
  const { endSessionUrl = null } = answer.ok ? await answer.json() : {};
  if (endSessionUrl) location.href = endSessionUrl;
  else show();
};
show();
`;

function document(title: string, head: string, body: string): (nonce: string) => string {
  return (nonce) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><link rel="icon" href="data:,">${head}
<style nonce="${nonce}">:root{color-scheme:light dark}
body{font:16px/1.5 system-ui;max-width:44rem;margin:3rem auto;padding:0 1rem}
textarea{font:14px ui-monospace,monospace;width:100%;box-sizing:border-box}button{font:inherit}</style></head>
<body>${body}</body></html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
