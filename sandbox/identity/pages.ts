import { accounts, password } from './accounts.ts';

/** Sent with every page: nothing is loaded from anywhere, and nothing frames it. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** Who logs in; `problem` says why the last attempt failed. */
export function loginPage(problem: string | null): string {
  const choices = accounts.map(({ id, name }) => `<option value="${id}">${name}</option>`).join('');
  return page(
    'Log in',
    `<p>This is the identity provider of the sandbox. Everybody's password is <code>${password}</code>.</p>
    ${problem === null ? '' : `<p role="alert">${escaped(problem)}</p>`}
    <form method="post">
      <label>Traveller <select name="account">${choices}</select></label>
      <label>Password <input name="password" type="password" required autofocus></label>
      <button>Log in</button>
    </form>`,
  );
}

/** `form` is the provider's own, with id `op.logoutForm`. */
export function logoutPage(form: string): string {
  return page(
    'Log out',
    `<p>Log out of the identity provider as well?</p>${form}
    <button form="op.logoutForm" name="logout" value="yes">Log out</button>`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escaped(text)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} · identity</title><link rel="icon" href="data:,">
<style>:root{color-scheme:light dark}
body{font:16px/1.5 system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}
label{display:block;margin:1rem 0}select,input,button{font:inherit;padding:.3rem .6rem}
[role=alert]{color:light-dark(#b00020,#ff8a80)}</style></head>
<body><h1>${escaped(title)}</h1>
    ${body}
</body></html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
