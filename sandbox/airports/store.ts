import { join } from 'node:path';
import { openSeeded, sourceDir } from '../service/database.ts';
import { readCsv } from '../service/read-csv.ts';

/** Where a page starts: after this row. `score` orders a search, and is null without one. */
export interface AirportPosition {
  readonly score: number | null;
  readonly iata: string;
}

export interface AirportFilter {
  readonly search: string | null;
  readonly state: string | null;
  readonly limit: number;
  readonly skip: number;
  readonly after: AirportPosition | null;
}

/** A page of airports, each as JSON text, and the last row's position when there are more. */
export interface AirportRows {
  readonly items: readonly string[];
  readonly next: AirportPosition | null;
}

export interface AirportStore {
  /** The airport as JSON text; null when no airport has the code. */
  one(iata: string): string | null;
  page(filter: AirportFilter): AirportRows;
  close(): void;
}

const columns = ['iata', 'name', 'city', 'state', 'country', 'latitude', 'longitude'] as const;

/** Opens the airports, seeding them from `airports.csv` on the first start. */
export function openAirports(dataDir: string): AirportStore {
  const database = openSeeded({ dataDir, name: 'airports', version: 1, seed });
  const byIata = database.prepare('SELECT json FROM airports WHERE iata = ?');
  const listed = database.prepare(`
    SELECT iata, json, NULL AS score FROM airports
    WHERE (:state IS NULL OR state = :state) AND iata > :iata
    ORDER BY iata LIMIT :limit OFFSET :skip`);
  // Lower scores are better; a word in the code or the city counts for more than one in the name.
  const searched = database.prepare(`
    SELECT * FROM (
      SELECT airports.iata AS iata, json,
        CASE WHEN airports.iata = :exact THEN -1e9 ELSE bm25(airport_words, 8, 2, 4) END AS score
      FROM airport_words JOIN airports ON airports.rowid = airport_words.rowid
      WHERE airport_words MATCH :match AND (:state IS NULL OR state = :state)
    )
    WHERE :score IS NULL OR (score, iata) > (:score, :iata)
    ORDER BY score, iata LIMIT :limit OFFSET :skip`);

  // The data never change, and a batch of 100 spends most of its time in 100 statements.
  const rows = new Map<string, string>();

  return {
    one(iata) {
      const known = rows.get(iata);
      if (known !== undefined) return known;
      const json = byIata.get(iata)?.['json'];
      if (typeof json !== 'string') return null;
      rows.set(iata, json);
      return json;
    },
    page({ search, state, limit, skip, after }) {
      const match = search === null ? null : matchOf(search);
      if (match === '') return { items: [], next: null };
      const shared = { state, limit: limit + 1, skip, iata: after?.iata ?? '' };
      const found =
        match === null || search === null
          ? listed.all(shared)
          : searched.all({
              ...shared,
              match,
              exact: search.trim().toUpperCase(),
              score: after?.score ?? null,
            });
      const pageRows = found.slice(0, limit) as {
        iata: string;
        json: string;
        score: number | null;
      }[];
      const last = found.length > limit ? pageRows.at(-1) : undefined;
      return {
        items: pageRows.map((row) => row.json),
        next: last ? { score: last.score, iata: last.iata } : null,
      };
    },
    close: () => database.close(),
  };

  function seed(target: typeof database): void {
    target.exec(`
      CREATE TABLE airports (iata TEXT NOT NULL UNIQUE, state TEXT NOT NULL, json TEXT NOT NULL);
      CREATE INDEX airports_by_state ON airports (state, iata);
      CREATE VIRTUAL TABLE airport_words USING fts5 (iata, name, city, prefix = '2 3');`);
    const insert = target.prepare('INSERT INTO airports (iata, state, json) VALUES (?, ?, ?)');
    const index = target.prepare(
      'INSERT INTO airport_words (rowid, iata, name, city) VALUES (?, ?, ?, ?)',
    );
    for (const row of readCsv(join(sourceDir, 'airports.csv'), columns)) {
      const { iata, name, city, state, country } = row;
      const [latitude, longitude] = [Number(row.latitude), Number(row.longitude)];
      const json = JSON.stringify({ iata, name, city, state, country, latitude, longitude });
      const { lastInsertRowid } = insert.run(iata, state, json);
      index.run(lastInsertRowid, iata, name, city);
    }
  }
}

/** Every word of a search as an FTS5 prefix term, quoted so that none is an operator; '' for none. */
function matchOf(search: string): string {
  const words = search.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => `"${word}"*`).join(' ');
}
