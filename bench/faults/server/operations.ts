/** The registered operations of the bff behind the server's rows, by name. */
export const operations = {
  item: 'query Item($id: ID!) { item(id: $id) { id name } }',
  me: 'query Me { me { id seenBy } }',
  everything:
    'query Everything($id: ID!) { me { id seenBy } person(id: "shared") { id seenBy } whoami item(id: $id) { id name } }',
  inParts:
    'query InParts($id: ID!) { item(id: $id) { id } ... @defer { me { id seenBy } whoami person(id: "shared") { seenBy } } }',
  crowd: 'query Crowd($salt: ID!) { crowd(salt: $salt) { id name size near { id name } } }',
  broken: 'query Broken($kind: ID!) { broken(kind: $kind) { value } }',
} as const;

export type OperationName = keyof typeof operations;
