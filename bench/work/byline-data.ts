/** How often each post is liked, as a third service has it. */
export interface Likes {
  readonly id: number;
  readonly likes: number;
}

export const bylineQuery = '{ posts { id byline } }';

export function makeLikes(many: number): Likes[] {
  return Array.from({ length: many }, (_, index) => ({
    id: index + 1,
    likes: (index * 7_919) % 1_000,
  }));
}

/** What the derived field says; every contestant computes it from the three services. */
export function bylineOf(
  title: string,
  name: string | undefined,
  likes: number | null | undefined,
): string {
  return `${title}, by ${name ?? 'somebody'}, liked ${likes ?? 0} times`;
}
