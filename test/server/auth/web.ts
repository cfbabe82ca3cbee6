import { sessionAuth, type SessionOptions } from 'tailorbird';
import { type Browser, createBrowser, submitLogin, type Visited } from '../../support/browser.ts';

export const csrf = { 'x-bff-csrf': '1' };
export const sessionCookie = '__Host-tailorbird-session';
export const loginCookie = '__Host-tailorbird-login';

/** The web bff's identity, as its front door has it. */
export const webAuth = (options: Partial<SessionOptions> = {}) =>
  sessionAuth({
    audience: 'urn:tailorbird:web',
    scopes: ['travellers.read', 'travellers.write', 'bookings.read', 'bookings.write'],
    clientId: 'bff-web',
    developmentSecret: 'sandbox-web-secret',
    tryOut: '{ me { name } }',
    ...options,
  });

/** Logs in up to the provider's redirect back to us, which is left to the caller. */
export async function upToCallback(
  browser: Browser,
  origin: string,
  account: string,
  returnTo = '/',
): Promise<Visited> {
  const atCallback = (url: URL) => url.pathname === '/auth/callback';
  const page = await browser.visit(
    `${origin}/auth/login?${new URLSearchParams({ returnTo })}`,
    undefined,
    atCallback,
  );
  if (atCallback(new URL(page.url))) return page;
  return submitLogin(browser, page.url, account, atCallback);
}

/** A browser that is logged in. */
export async function loggedIn(origin: string, account: string): Promise<Browser> {
  const browser = createBrowser();
  const { url } = await upToCallback(browser, origin, account);
  const response = await browser.send(url);
  if (response.status !== 200) throw new Error(`not logged in: ${await response.text()}`);
  return browser;
}
