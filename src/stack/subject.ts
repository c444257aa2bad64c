import type { Path } from './places.ts';
import { quote } from './quote.ts';

/** What a path is about, as people say it: `"health.interval" of service "web"`, `item 2 of "shared"`. */
export const describeSubject = (path: Path): string => {
  const [section, name, ...rest] = path;
  if (path.length === 0) return 'the stack file';
  if ((section === 'services' || section === 'jobs') && typeof name === 'string') {
    const owner = `${section === 'services' ? 'service' : 'job'} ${quote(name)}`;
    return rest.length === 0 ? owner : `${describeKeys(rest)} of ${owner}`;
  }
  return describeKeys(path);
};

const describeKeys = (path: Path): string => {
  const lastItem = path.findLastIndex((part) => typeof part === 'number');
  if (lastItem < 0) return quote(path.join('.'));
  const list = describeKeys(path.slice(0, lastItem));
  const item = `item ${(path[lastItem] as number) + 1} of ${list}`;
  const inner = path.slice(lastItem + 1);
  return inner.length === 0 ? item : `${quote(inner.join('.'))} in ${item}`;
};
