import type { InstancePlace } from '../../model/names.ts';
import { joined } from '../../plan/wording.ts';

/** `web.1 and web.2`. */
export const placesText = (places: readonly InstancePlace[]): string =>
  joined([...new Set(places.map(({ service, slot }) => `${service}.${slot}`))]);
