/** Posts by users, shaped as the public JSONPlaceholder service shapes them; made up here, always the same. */
export interface Post {
  readonly userId: number;
  readonly id: number;
  readonly title: string;
  readonly body: string;
}

export interface User {
  readonly id: number;
  readonly name: string;
  readonly username: string;
  readonly email: string;
  readonly address: { readonly street: string; readonly city: string; readonly zipcode: string };
  readonly phone: string;
  readonly website: string;
  readonly company: { readonly name: string; readonly catchPhrase: string };
}

const words =
  'leaf thread nest needle wing river stone cloud market lantern harbour copper velvet orchard signal meadow'.split(
    ' ',
  );
const first = ['Ada', 'Bao', 'Chidi', 'Dana', 'Emil', 'Farah', 'Goran', 'Hana', 'Ivo', 'June'];
const last = [
  'Okafor',
  'Lindqvist',
  'Marsh',
  'Tanaka',
  'Reyes',
  'Novak',
  'Abebe',
  'Silva',
  'Kaur',
  'Hughes',
];

/** `many` posts, ten consecutive ones by the same user; users start over after `userCount`. */
export function makePosts(many: number, userCount: number): Post[] {
  return Array.from({ length: many }, (_, index) => ({
    userId: (Math.floor(index / 10) % userCount) + 1,
    id: index + 1,
    title: sentence(index * 7, 6),
    body: `${sentence(index * 3, 12)}\n${sentence(index * 5, 12)}`,
  }));
}

export function makeUsers(many: number): User[] {
  return Array.from({ length: many }, (_, index) => {
    const name = `${first[index % 10]} ${last[(index * 3) % 10]}`;
    const handle = `${name.split(' ')[0]?.toLowerCase()}${index + 1}`;
    return {
      id: index + 1,
      name,
      username: handle,
      email: `${handle}@example.com`,
      address: {
        street: `${index + 1} ${words[index % words.length]} street`,
        city: sentence(index, 1),
        zipcode: `${10_000 + index * 37}`,
      },
      phone: `555-01${String(index % 100).padStart(2, '0')}`,
      website: `${handle}.example.com`,
      company: { name: `${sentence(index * 2, 2)} ltd`, catchPhrase: sentence(index * 11, 4) },
    };
  });
}

function sentence(seed: number, length: number): string {
  return Array.from(
    { length },
    (_, index) => words[(seed + index * (1 + (seed % 5))) % words.length],
  ).join(' ');
}
