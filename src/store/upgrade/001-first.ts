/** Everything that the first release remembered. Never edited: a change of the schema is a new file with the next number. */
export const FIRST = `
CREATE TABLE stacks (
  name TEXT PRIMARY KEY,
  file TEXT NOT NULL,
  scale TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE releases (
  stack TEXT NOT NULL,
  id INTEGER NOT NULL,
  revision TEXT NOT NULL,
  definition TEXT NOT NULL,
  env_fingerprint TEXT NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT,
  has_tree INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (stack, id)
) STRICT, WITHOUT ROWID;

-- Outlives the releases: a number is never given twice, for logs and people remember it.
CREATE TABLE release_numbers (
  stack TEXT PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  stack TEXT NOT NULL,
  state TEXT NOT NULL,
  plan TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  fencing INTEGER,
  error TEXT,
  outcome TEXT
) STRICT;
CREATE INDEX changes_of_stack ON changes (stack, id);
CREATE INDEX open_changes ON changes (id) WHERE closed_at IS NULL;

CREATE TABLE records (
  change INTEGER NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  event TEXT NOT NULL,
  at INTEGER NOT NULL,
  words TEXT,
  PRIMARY KEY (change, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
  stack TEXT NOT NULL,
  id TEXT NOT NULL,
  service TEXT NOT NULL,
  slot INTEGER NOT NULL,
  seat TEXT NOT NULL,
  release INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  port INTEGER,
  warm_until INTEGER,
  PRIMARY KEY (stack, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE ports (
  stack TEXT NOT NULL,
  instance TEXT NOT NULL,
  port INTEGER NOT NULL,
  PRIMARY KEY (stack, instance)
) STRICT, WITHOUT ROWID;
CREATE INDEX ports_by_number ON ports (port);

-- The row stays while the lock is free: the fencing number never falls.
CREATE TABLE locks (
  stack TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  task TEXT NOT NULL,
  reason TEXT NOT NULL,
  acquired_at INTEGER NOT NULL,
  host TEXT,
  boot_id TEXT,
  pid INTEGER,
  start_ticks INTEGER,
  fencing INTEGER NOT NULL,
  from_owner TEXT,
  from_task TEXT,
  from_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  asked_by TEXT NOT NULL,
  what TEXT NOT NULL,
  change INTEGER,
  outcome TEXT NOT NULL
) STRICT;
`;
