// Every code an error or a problem can carry, with the sentence its page in docs/reference/errors.md begins with.
// Each room adds its codes to its own section. A test fails on a code that nothing raises, or that is not in here.

const stack = {} as const;

const plan = {} as const;

const engine = {} as const;

const supervision = {} as const;

const driver = {} as const;

const edge = {} as const;

const storage = {} as const;

const sources = {} as const;

const agent = {} as const;

const cli = {} as const;

export const ERROR_CATALOGUE = {
  ...stack,
  ...plan,
  ...engine,
  ...supervision,
  ...driver,
  ...edge,
  ...storage,
  ...sources,
  ...agent,
  ...cli,
} as const;
