import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAirports } from '../../sandbox/airports/airports.ts';
import type { RunningService } from '../../sandbox/service/service.ts';
import { sourceAirportLines } from './source-files.ts';
import { tempDir } from './temp-dir.ts';

interface Airport {
  readonly iata: string;
  readonly name: string;
  readonly city: string;
  readonly state: string;
}

interface Page {
  readonly items: Airport[];
  readonly nextCursor: string | null;
}

const dir = tempDir();
let service: RunningService;

beforeAll(async () => {
  service = await startAirports({ dataDir: dir.path });
});

afterAll(async () => {
  await service.close();
  dir[Symbol.dispose]();
});

const get = (path: string, init?: RequestInit) => fetch(`${service.url}${path}`, init);
const page = async (query: string) => (await (await get(`/airports?${query}`)).json()) as Page;
const codes = ({ items }: Page) => items.map((airport) => airport.iata);

async function allPages(query: string, limit: number): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const next: Page = await page(`${query}&limit=${limit}${cursor && `&cursor=${cursor}`}`);
    pages.push(next);
    cursor = next.nextCursor;
  }
  return pages;
}

describe('one airport', () => {
  it('has the values of the source file', async () => {
    const response = await get('/airports/ATL');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      iata: 'ATL',
      name: 'William B Hartsfield-Atlanta Intl',
      city: 'Atlanta',
      state: 'GA',
      country: 'USA',
      latitude: 33.64044444,
      longitude: -84.42694444,
    });
  });

  it('keeps commas and quotes of quoted cells', async () => {
    expect(await (await get('/airports/DBN')).json()).toMatchObject({ name: 'W. H. "Bud" Barron' });
    expect(await (await get('/airports/N25')).json()).toMatchObject({ city: 'Westport, NY' });
  });

  it('is found by a lower-case code', async () => {
    expect(await (await get('/airports/jfk')).json()).toMatchObject({ iata: 'JFK' });
  });

  it('answers 404 as a problem when no airport has the code', async () => {
    const response = await get('/airports/QQQ');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'No such airport',
      status: 404,
      detail: 'No airport has the code "QQQ".',
    });
  });

  it('answers 304 to its own ETag, and with the airport to another', async () => {
    const first = await get('/airports/ATL');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{20,}"$/);
    expect(first.headers.get('cache-control')).toContain('max-age=60');

    const again = await get('/airports/ATL', { headers: { 'if-none-match': `"x", W/${etag}` } });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    const other = await get('/airports/JFK', { headers: { 'if-none-match': etag } });
    expect(other.status).toBe(200);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const [head, body] = await Promise.all([
      get('/airports/ATL', { method: 'HEAD' }),
      get('/airports/ATL'),
    ]);
    expect(head.headers.get('content-length')).toBe(body.headers.get('content-length'));
    expect(await head.text()).toBe('');
  });
});

describe('a batch by ids', () => {
  it('leaves out unknown codes and repeats none', async () => {
    const batch = await page('ids=SFO,QQQ,ATL,sfo,JFK');
    expect(codes(batch).sort()).toEqual(['ATL', 'JFK', 'SFO']);
    expect(batch.nextCursor).toBeNull();
  });

  it('does not keep the order asked, so that nobody relies on it', async () => {
    expect(codes(await page('ids=SFO,ATL'))).toEqual(['ATL', 'SFO']);
  });

  it('takes 100 codes, however the comma is written, and no more', async () => {
    const hundred = sourceAirportLines.slice(0, 100).map((line) => line.split(',')[0]);
    expect((await page(`ids=${hundred.join('%2C')}`)).items).toHaveLength(100);
    const response = await get(`/airports?ids=${[...hundred, 'ATL'].join()}`);
    expect(await response.json()).toMatchObject({
      status: 400,
      detail: expect.stringContaining('at most 100'),
    });
  });
});

describe('lists', () => {
  it('page through every airport of the file, each once, by code', async () => {
    const pages = await allPages('', 100);
    const all = pages.flatMap(codes);
    expect(all).toHaveLength(sourceAirportLines.length);
    expect(all).toEqual(sourceAirportLines.map((line) => line.slice(0, line.indexOf(','))).sort());
  });

  it('keep to a state', async () => {
    const georgia = (await allPages('state=ga', 30)).flatMap((one) => one.items);
    expect(georgia.length).toBe(
      sourceAirportLines.filter((line) => line.includes(',GA,USA,')).length,
    );
    expect(new Set(georgia.map((airport) => airport.state))).toEqual(new Set(['GA']));
  });

  it('can start after any airport of a page', async () => {
    const [whole, first] = [await page('limit=6'), await page('limit=3')];
    expect(codes(await page('limit=4&skip=2'))).toEqual(codes(whole).slice(2));
    expect(codes(await page(`limit=1&skip=2&cursor=${first.nextCursor}`))).toEqual(
      codes(whole).slice(5),
    );
  });

  it('end without a cursor when the last page is full', async () => {
    const delaware = (await page('state=DE&limit=100')).items.length;
    expect(await page(`state=DE&limit=${delaware}`)).toMatchObject({ nextCursor: null });
  });
});

describe('search', () => {
  it('puts the airport with that code first', async () => {
    expect(codes(await page('search=atl'))[0]).toBe('ATL');
  });

  it('finds every word, unfinished and in any case', async () => {
    const found = await page('search=hartsf%20ATLAN');
    expect(codes(found)).toEqual(['ATL']);
  });

  it('pages the same airports in the same order as one large page', async () => {
    const whole = await page('search=county&limit=100');
    const pages = await allPages('search=county', 7);
    expect(pages.flatMap(codes).slice(0, 100)).toEqual(codes(whole));
    expect(new Set(pages.flatMap(codes)).size).toBe(pages.flatMap(codes).length);
  });

  it('can be kept to a state', async () => {
    const found = await page('search=regional&state=TX&limit=100');
    expect(found.items.length).toBeGreaterThan(3);
    expect(found.items.every((airport) => airport.state === 'TX')).toBe(true);
  });

  it.each(['"', 'a" OR "b', 'NEAR(', '*', '%00', 'iata:ATL', '--'])(
    'takes %s as words, not as syntax',
    async (text) => {
      expect((await get(`/airports?search=${encodeURIComponent(text)}`)).status).toBe(200);
    },
  );
});

describe('a request that the contract does not allow', () => {
  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['skip=-1', 'skip'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=', 'cursor'],
    ['state=Georgia', 'state'],
    ['search=', 'search'],
    ['ids=', 'ids'],
    ['ids=A%20L', 'ids'],
    ['ids=ATL&limit=5', 'limit'],
    ['ids=ATL&ids=JFK', 'ids'],
    ['city=Atlanta', 'city'],
  ])('%s is answered with 400 and the parameter at fault', async (query, name) => {
    const response = await get(`/airports?${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 400,
      detail: expect.stringContaining(`"${name}"`),
    });
  });

  it('with the cursor of another list is refused', async () => {
    const { nextCursor } = await page('state=GA&limit=2');
    expect((await get(`/airports?state=TX&cursor=${nextCursor}`)).status).toBe(400);
  });

  it('with another method or path is refused', async () => {
    const post = await get('/airports', { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await get('/airfields')).status).toBe(404);
    expect((await get('/airports/%E0%A4')).status).toBe(400);
  });
});

describe('calls', () => {
  it('are counted by operation, here and for other processes', async () => {
    service.calls.clear();
    await Promise.all([get('/airports/ATL'), get('/airports/QQQ'), page('ids=ATL,JFK')]);
    expect(service.calls.counts()).toEqual({ 'GET /airports/{iata}': 2, 'GET /airports': 1 });
    expect(service.calls.entries()).toContainEqual({
      operation: 'GET /airports',
      request: '/airports?ids=ATL,JFK',
      status: 200,
      durationMs: expect.any(Number),
    });

    const seen = (await (await fetch(service.callsUrl)).json()) as object;
    expect(seen).toMatchObject({ total: 3, counts: service.calls.counts() });
    expect((await fetch(service.callsUrl, { method: 'DELETE' })).status).toBe(204);
    expect(service.calls.total()).toBe(0);
  });

  it('are printed as one JSON line each', async () => {
    const lines: string[] = [];
    const printing = await startAirports({ dataDir: dir.path, print: (line) => lines.push(line) });
    await fetch(`${printing.url}/airports/ATL`);
    await printing.close();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        service: 'airports',
        operation: 'GET /airports/{iata}',
        status: 200,
      }),
    ]);
  });
});
