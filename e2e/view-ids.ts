/** The views of the page, by their word in the address; the accessibility tests check that none is left out. */
export const viewIds = [
  'services',
  'sessions',
  'events',
  'logs',
  'trends',
  'diagnostics',
  'config',
] as const;
