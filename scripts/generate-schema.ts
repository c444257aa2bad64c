// The JSON Schema of reeve.yaml, for editors. Run by itself it prints the schema; `npm run generate` writes the file.
import { makeJsonSchema } from '../src/stack/json-schema.ts';

/** The content of schema/reeve.schema.json. */
export const renderSchema = (): string => `${JSON.stringify(makeJsonSchema(), null, 2)}\n`;

if (import.meta.main) process.stdout.write(renderSchema());
