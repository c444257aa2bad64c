import { z } from 'zod';
import { DURATION, PERCENT, SIZE } from '../units.ts';
import { type ExpectationName, expects, keysNote } from './expectations.ts';

/** What the reference page and the JSON schema say about a key. */
export type KeyFacts = {
  readonly description: string;
  /** In words. */
  readonly type: string;
  /** As it would be written; none: the key is required or has no default. */
  readonly default?: string | number | boolean | null;
  readonly example?: string;
  readonly isRequired?: boolean;
};

export const key = <Schema extends z.ZodType>(schema: Schema, facts: KeyFacts): Schema =>
  schema.meta({ facts });

/** Of a schema made by `key`. */
export const keyFacts = (schema: object): KeyFacts =>
  z.globalRegistry.get(schema as z.ZodType)?.facts as KeyFacts;

/** The key of a map, for editors: the rules are what refuses a wrong one. */
export const keyLike = (pattern: RegExp) => z.string().meta({ pattern: pattern.source });

/** A map with exactly these keys; the note of an unknown one lists them. */
export const strictMap = <Shape extends z.core.$ZodLooseShape>(name: ExpectationName, shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? keysNote(Object.keys(shape)) : expects(name).error,
  });

export const oneOrMany = <Item extends z.ZodType>(name: ExpectationName, item: Item) =>
  z.union([item, z.array(item)], expects(name));

export const text = z.string(expects('text'));
export const truth = z.boolean(expects('truth'));
export const duration = z.string(expects('duration')).regex(DURATION, expects('duration'));
export const size = z.string(expects('size')).regex(SIZE, expects('size'));
export const percent = z.string(expects('percent')).regex(PERCENT, expects('percent'));

export const wholeNumber = (name: ExpectationName, least: number, most: number) =>
  z.int(expects(name)).min(least, expects(name)).max(most, expects(name));

/** What YAML may have taken for a number or a truth value, though text is meant. */
export const plain = (name: ExpectationName) => z.union([z.string(), z.number(), z.boolean()], expects(name));
