import { openSeeded } from '../service/database.ts';

export interface Traveller {
  readonly id: string;
  readonly name: string;
  readonly homeAirport: string | null;
}

/** The travellers of a new sandbox; their ids are also in the seeded bookings. */
const seeded: readonly Traveller[] = [
  { id: 'ada', name: 'Ada Lovelace', homeAirport: 'JFK' },
  { id: 'grace', name: 'Grace Hopper', homeAirport: 'BOS' },
  { id: 'amelia', name: 'Amelia Earhart', homeAirport: 'MCI' },
];

export interface TravellerStore {
  one(id: string): Traveller | null;
  /** Answers whether there was such a traveller. */
  setHomeAirport(id: string, homeAirport: string | null): boolean;
  close(): void;
}

/** Opens the travellers, seeding three on the first start. */
export function openTravellers(dataDir: string): TravellerStore {
  const database = openSeeded({ dataDir, name: 'travellers', version: 1, seed });
  const byId = database.prepare(
    'SELECT id, name, home_airport AS homeAirport FROM travellers WHERE id = ?',
  );
  const update = database.prepare('UPDATE travellers SET home_airport = ? WHERE id = ?');

  return {
    // The columns are the interface's fields.
    one: (id) => (byId.get(id) as Traveller | undefined) ?? null,
    setHomeAirport: (id, homeAirport) => update.run(homeAirport, id).changes === 1,
    close: () => database.close(),
  };

  function seed(target: typeof database): void {
    target.exec(
      'CREATE TABLE travellers (id TEXT PRIMARY KEY, name TEXT NOT NULL, home_airport TEXT)',
    );
    const insert = target.prepare('INSERT INTO travellers VALUES (?, ?, ?)');
    for (const { id, name, homeAirport } of seeded) insert.run(id, name, homeAirport);
  }
}
