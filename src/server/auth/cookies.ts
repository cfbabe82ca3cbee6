import type { IncomingRequest } from '../incoming-request.ts';

// `__Host-` and Secure hold in development as well: Chromium and Firefox take such cookies from plain
// HTTP on this machine (127.0.0.1, localhost); Safari does not, and needs a PUBLIC_URL with https.

/** An id that says nothing; what it stands for is in the session store. */
export const sessionCookie = '__Host-tailorbird-session';
/** What the callback has to find again, encrypted; gone with it. */
export const loginCookie = '__Host-tailorbird-login';

/** The value of a cookie; null when it is not there. */
export function readCookie(request: IncomingRequest, name: string): string | null {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

/** The id in the session cookie; null when there is none that could be ours. */
export function readSessionId(request: IncomingRequest): string | null {
  const id = readCookie(request, sessionCookie);
  return id !== null && /^[\w-]{43}$/.test(id) ? id : null;
}

/** Ends with the browser, or earlier with its session; no other site's request carries it. */
export function setSessionCookie(id: string): string {
  return `${sessionCookie}=${id}; Path=/; Secure; HttpOnly; SameSite=Strict`;
}

/** Lax, because the provider sends the browser back to us. */
export function setLoginCookie(sealed: string, maxAgeSeconds: number): string {
  return `${loginCookie}=${sealed}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}`;
}

export function clearCookie(name: typeof sessionCookie | typeof loginCookie): string {
  const sameSite = name === sessionCookie ? 'Strict' : 'Lax';
  return `${name}=; Path=/; Secure; HttpOnly; SameSite=${sameSite}; Max-Age=0`;
}
