/** Somebody who can log in. */
export interface Account {
  readonly id: string;
  readonly name: string;
}

/** The travellers of the sandbox, with the ids that its other services know them by. */
export const accounts: readonly Account[] = [
  { id: 'ada', name: 'Ada Lovelace' },
  { id: 'grace', name: 'Grace Hopper' },
  { id: 'amelia', name: 'Amelia Earhart' },
];

/** Everybody's password. The login page shows it: nothing here is worth protecting. */
export const password = 'sandbox';
