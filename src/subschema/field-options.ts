/** What any field of a subschema may say, beside what its own kind has. */
export const fieldOptionNames = [
  'type',
  'description',
  'deprecationReason',
  'authScopes',
  'skipTypeScopes',
  'skipInterfaceScopes',
  'extensions',
  'astNode',
] as const;
