import { parse } from 'yaml';
import { z } from 'zod';
import type { KeyFacts } from './schema/scalars.ts';
import { writtenStack } from './schema/written-stack.ts';

/**
 * The shape of a stack file as a JSON Schema (draft 2020-12), with descriptions, defaults and examples, for editors.
 * It knows the shape only: what the rules say, `reeve validate` says.
 */
export const makeJsonSchema = (): Readonly<Record<string, unknown>> => {
  const { $schema, ...schema } = z.toJSONSchema(writtenStack, {
    io: 'input',
    override: ({ jsonSchema }) => {
      const { facts } = jsonSchema as { facts?: KeyFacts };
      if (!facts) return;
      delete (jsonSchema as { facts?: KeyFacts }).facts;
      jsonSchema.description = facts.description;
      if (facts.default !== undefined) jsonSchema.default = facts.default;
      if (facts.example !== undefined) jsonSchema.examples = [parse(facts.example)];
    },
  });
  return {
    $schema,
    title: 'Reeve stack file',
    description: 'What runs on a server, and how it is deployed.',
    ...schema,
  };
};
