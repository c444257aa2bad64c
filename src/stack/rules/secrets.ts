import type { Path } from '../places.ts';
import { hasUrlPassword, quote } from '../quote.ts';
import { isSecretName } from '../secret-names.ts';
import { describeSubject } from '../subject.ts';
import { commandsOf, programsOf, type RuleContext } from './rule.ts';

/** A stack file goes into the repository and into every release record: secrets do not belong in it. */
export const checkSecrets = (context: RuleContext): void => {
  judge(context, [], context.stack.env);
  for (const { path, program } of programsOf(context)) judge(context, path, program.env);
  for (const { path, command } of commandsOf(context)) {
    if (!command.argv.some(hasUrlPassword)) continue;
    context.warn(context.places.ofValue(path), {
      code: 'secret.inline',
      message: `Cannot keep the password in ${describeSubject(path)} secret: commands are seen in the process list`,
      fix: 'put the URL in an env file, and let the program read the variable',
    });
  }
};

const judge = ({ places, warn }: RuleContext, path: Path, env: Readonly<Record<string, string>>): void => {
  for (const [name, value] of Object.entries(env)) {
    const isUrl = hasUrlPassword(value);
    if (!isUrl && !(isSecretName(name) && looksSecret(value))) continue;
    const at = [...path, 'env', name];
    warn(places.ofKey(at), {
      code: 'secret.inline',
      message: `Cannot keep ${quote(name)} secret: ${isUrl ? 'its URL has a password in it, and' : 'its value'} stands in the stack file`,
      fix: 'put it in an env file',
    });
  }
};

// Switches, counts and paths are no secrets, whatever their variable is called.
const looksSecret = (value: string): boolean =>
  value !== '' && !/^(true|false|yes|no|on|off|[0-9]{1,8}|\/[^ ]*)$/i.test(value);
