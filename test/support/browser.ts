/** As much of a browser as a login needs: a cookie jar, and redirects that are followed. */
export interface Browser {
  /** One request, its redirects not followed. */
  send(url: string, init?: RequestInit): Promise<Response>;
  /** Follows redirects until there are none, or until `stop` says so of the next address. */
  visit(url: string, init?: RequestInit, stop?: (url: URL) => boolean): Promise<Visited>;
  /** The cookies that would go to `url`, by name. */
  cookies(url: string): Record<string, string>;
  setCookie(url: string, name: string, value: string): void;
}

export interface Visited {
  readonly url: string;
  /** The last answer; when stopped, the redirect that was not followed. */
  readonly response: Response;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** Cookies by host, as browsers keep them: ports do not separate them. */
export function createBrowser(): Browser {
  const jars = new Map<string, Map<string, Cookie>>();

  function jar(url: URL): Map<string, Cookie> {
    let cookies = jars.get(url.hostname);
    if (!cookies) jars.set(url.hostname, (cookies = new Map()));
    return cookies;
  }

  function matching(url: URL): Cookie[] {
    return [...jar(url).values()].filter(
      ({ path }) => url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, '/')),
    );
  }

  function keep(url: URL, response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/; */);
      const name = pair.slice(0, pair.indexOf('='));
      const attribute = (wanted: string) =>
        attributes
          .find((text) => text.toLowerCase().startsWith(`${wanted}=`))
          ?.slice(wanted.length + 1);
      const path = attribute('path') ?? '/';
      const expires = attribute('expires');
      const gone =
        attribute('max-age') === '0' ||
        (expires !== undefined && Date.parse(expires) <= Date.now());
      if (gone) jar(url).delete(`${name};${path}`);
      else
        jar(url).set(`${name};${path}`, { name, value: pair.slice(pair.indexOf('=') + 1), path });
    }
  }

  const browser: Browser = {
    async send(address, init = {}) {
      const url = new URL(address);
      const headers = new Headers(init.headers);
      const cookie = matching(url)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ');
      if (cookie && !headers.has('cookie')) headers.set('cookie', cookie);
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      keep(url, response);
      return response;
    },
    async visit(address, init, stop = () => false) {
      let url = address;
      let response = await browser.send(url, init);
      for (let hops = 0; hops < 20; hops++) {
        const location = response.headers.get('location');
        if (location === null) break;
        const next = new URL(location, url);
        if (stop(next)) return { url: next.href, response };
        url = next.href;
        response = await browser.send(url);
      }
      return { url, response };
    },
    cookies: (address) =>
      Object.fromEntries(matching(new URL(address)).map(({ name, value }) => [name, value])),
    setCookie(address, name, value) {
      jar(new URL(address)).set(`${name};/`, { name, value, path: '/' });
    },
  };
  return browser;
}

/** Sends the provider's login form; `url` is where its page is. */
export function submitLogin(
  browser: Browser,
  url: string,
  account: string,
  stop?: (url: URL) => boolean,
): Promise<Visited> {
  return browser.visit(
    url,
    { method: 'POST', body: new URLSearchParams({ account, password: 'sandbox' }) },
    stop,
  );
}
