import { itemsOf } from '../one-or-many.ts';
import { whyBadHostPath } from '../paths.ts';
import type { Path } from '../places.ts';
import { quote } from '../quote.ts';
import type { Environment } from '../resolve-program.ts';
import type { WrittenStack } from '../schema/written-stack.ts';
import { programsOf, type RuleContext, servicesOf } from './rule.ts';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const REFERENCE = /\$\{[A-Za-z_][A-Za-z0-9_]*\}/;

export const checkEnvironment = (context: RuleContext): void => {
  const { stack, written } = context;
  const hasPort = stack.services.some((service) => service.port !== null);
  judge(context, { path: [], environment: stack, written, hasPort });
  const ported = new Set(
    servicesOf(context)
      .filter(({ service }) => service.port !== null)
      .map(({ path }) => path.join('.')),
  );
  for (const facts of programsOf(context)) {
    judge(context, {
      path: facts.path,
      environment: facts.program,
      written: facts.written,
      hasPort: ported.has(facts.path.join('.')),
    });
  }
};

type Judged = {
  readonly path: Path;
  readonly environment: Environment;
  readonly written: Pick<WrittenStack, 'env' | 'env_files' | 'required'>;
  /** Reeve sets PORT there. */
  readonly hasPort: boolean;
};

const judge = (context: RuleContext, judged: Judged): void => {
  judgeVariables(context, judged);
  judgeEnvFiles(context, judged);
  judgeRequired(context, judged);
};

const judgeVariables = (context: RuleContext, { path, environment, hasPort }: Judged): void => {
  const { places, error, warn } = context;
  for (const [name, value] of Object.entries(environment.env)) {
    const at = [...path, 'env', name];
    if (!judgeVariableName(context, { name, place: places.ofKey(at) })) continue;
    if (name.startsWith('REEVE_') || (name === 'PORT' && hasPort)) {
      error(places.ofKey(at), {
        code: 'env.reserved',
        message: `Cannot set ${quote(name)}: Reeve sets it for every instance`,
        fix:
          name === 'PORT'
            ? 'remove it, and set port where the number matters'
            : 'use a name that does not begin with REEVE_',
      });
    } else if (value.includes('\0')) {
      error(places.ofValue(at), {
        code: 'env.zero-byte',
        message: `Cannot set ${quote(name)}: its value has a zero byte in it, which no variable can hold`,
      });
    } else if (REFERENCE.test(value)) {
      warn(places.ofValue(at), {
        code: 'env.not-expanded',
        message: `Cannot expand ${quote(REFERENCE.exec(value)![0])} in ${quote(name)}: values of env stay as they are written`,
        fix: 'write the value out, or put it in an env file',
      });
    }
  }
};

const judgeVariableName = (
  { error }: RuleContext,
  {
    name,
    place,
  }: { readonly name: string; readonly place: { readonly line: number; readonly column: number } },
): boolean => {
  if (VARIABLE.test(name)) return true;
  const proposal = name.trim().replaceAll(/[^A-Za-z0-9_]+/g, '_');
  error(place, {
    code: 'env.bad-name',
    message: `Cannot use ${quote(name)} as a variable: letters, digits and underscores are required, no digit in front`,
    ...(VARIABLE.test(proposal) && { fix: `write ${proposal}` }),
  });
  return false;
};

const judgeEnvFiles = (context: RuleContext, { path, environment, written }: Judged): void => {
  const { places, error, warn } = context;
  const seen = new Set<string>();
  for (const [index, { item, path: at }] of itemsOf(written.env_files, [...path, 'env_files']).entries()) {
    const file = environment.envFiles[index]!;
    const textPath = typeof item === 'string' ? at : [...at, 'file'];
    const text = typeof item === 'string' ? item : item.file;
    const wrong = whyBadHostPath(text, file.path);
    if (wrong) {
      error(places.ofValue(textPath), {
        code: 'path.wrong',
        message: `Cannot read the env file ${quote(text)}: ${wrong.why}`,
        fix: wrong.fix,
      });
    } else if (seen.has(file.path)) {
      warn(places.ofValue(textPath), {
        code: 'env.repeated-file',
        message: `Cannot use the second ${quote(text)}: one reading of the file is enough`,
        fix: 'remove the entry',
      });
    }
    seen.add(file.path);
    if (typeof item === 'string') continue;
    for (const { item: name, path: nameAt } of itemsOf(item.public, [...at, 'public'])) {
      judgeVariableName(context, { name, place: places.ofValue(nameAt) });
    }
  }
};

const judgeRequired = (context: RuleContext, { path, environment, written }: Judged): void => {
  const { places, error, warn } = context;
  for (const [index, { item, path: at }] of itemsOf(written.required, [...path, 'required']).entries()) {
    const { name, when } = environment.required[index]!;
    const namePath = typeof item === 'string' ? at : [...at, 'name'];
    if (!judgeVariableName(context, { name, place: places.ofValue(namePath) })) continue;
    if (Object.hasOwn(environment.env, name)) {
      warn(places.ofValue(namePath), {
        code: 'env.always-set',
        message: `Cannot find ${quote(name)} missing: env of the same file sets it (line ${places.ofKey([...path, 'env', name]).line})`,
        fix: 'remove one of the two',
      });
    }
    if (typeof item === 'string' || item.when === undefined) continue;
    const whenPath = [...at, 'when'];
    if (typeof item.when === 'object' && Object.keys(item.when).length !== 1) {
      error(places.ofValue(whenPath), {
        code: 'env.bad-condition',
        message: `Cannot tell when ${quote(name)} is required: ${Object.keys(item.when).length} variables are named, one is required`,
        expected: 'LOGIN for any value, or {LOGIN: "true"} for that one',
      });
    } else if (
      when !== null &&
      judgeVariableName(context, { name: when.variable, place: places.ofValue(whenPath) }) &&
      when.variable === name
    ) {
      error(places.ofValue(whenPath), {
        code: 'env.bad-condition',
        message: `Cannot tell when ${quote(name)} is required: the condition is about ${quote(name)} itself`,
        fix: 'name another variable, or remove when',
      });
    }
  }
};
