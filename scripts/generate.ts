// Writes what is generated from the code; with --check fails where a file is not what the code would write.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { renderCommandReference } from '../src/cli/render-command-reference.ts';
import { ERROR_CATALOGUE } from '../src/model/error-catalogue.ts';
import { renderReference } from '../src/stack/render-reference.ts';
import { renderSchema } from './generate-schema.ts';

const root = resolve(import.meta.dirname, '..');

const renderErrors = (): string => {
  const lines = Object.entries(ERROR_CATALOGUE).map(([code, sentence]) => `| \`${code}\` | ${sentence} |`);
  return `# Errors\n\nEvery code that an error or a problem of a stack file can carry; \`--json\` shows it.\n\n| code | meaning |\n|---|---|\n${lines.join('\n')}\n`;
};

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'schema/reeve.schema.json': renderSchema,
  'docs/reference/stack-file.md': renderReference,
  'docs/reference/commands.md': renderCommandReference,
  'docs/reference/errors.md': renderErrors,
};

const isCheck = process.argv.includes('--check');
let stale = 0;

for (const [name, render] of Object.entries(PAGES)) {
  const path = join(root, name);
  const text = await render();
  if (isCheck) {
    if (readOrEmpty(path) === text) continue;
    stale += 1;
    console.error(`${relative(root, path)} is not what the code says: npm run generate`);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${relative(root, path)}`);
  }
}

process.exit(stale > 0 ? 1 : 0);

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
