import type { ProcessIdentity } from '../../src/model/lock.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open-store.ts';

export type MemoryStoreOptions = {
  readonly isAlive?: (identity: ProcessIdentity) => boolean;
  readonly now?: () => number;
};

/** The real store on a database that is gone with the process. Every process lives and time stands still, unless told. */
export const memoryStore = ({ isAlive = () => true, now = () => 0 }: MemoryStoreOptions = {}): Store =>
  openStore(':memory:', {
    redactor: { learn: () => {}, redact: (text) => text },
    isAlive,
    clock: { now },
  });
