// One call of the CLI from its arguments to its exit code. Errors of every kind end here, in one layout.
import { type Command, CommanderError } from 'commander';
import { toReport } from '../model/error.ts';
import { EXIT } from './exit-code.ts';
import { renderError } from './output/error.ts';
import { openOutput } from './output/output.ts';
import { jsonText } from './output/text.ts';
import { openProgram } from './program.ts';
import type { Stage } from './session.ts';
import { usageRefusal } from './usage-error.ts';
import type { World } from './world.ts';

/** Runs `argv` (without program and script) in the world given. Never rejects. */
export const runCli = async (argv: readonly string[], world: World): Promise<number> => {
  const stage: Stage = { world, exitCode: EXIT.done };
  let program: Command | null = null;
  try {
    program = await openProgram(stage, argv);
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.done;
    }
    await program.parseAsync(argv, { from: 'user' });
    return stage.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && program) {
      if (error.exitCode === 0) return EXIT.done;
      // A group without its subcommand has printed nothing yet: its help goes to the stream we keep silent.
      return fail(usageRefusal(error, argv, program), argv, world);
    }
    if (world.interrupted.aborted) return EXIT.interrupted;
    if (world.stdout.readerGone.aborted) return EXIT.done;
    return fail(error, argv, world);
  }
};

const fail = (error: unknown, argv: readonly string[], world: World): number => {
  const report = toReport(error);
  // Options may be what could not be understood, so they are looked for, not parsed.
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const output = openOutput(world, {
    json: own.includes('--json'),
    quiet: own.includes('--quiet'),
    color: !own.includes('--no-color'),
  });
  if (output.isJson) world.stdout.write(`${jsonText({ error: report })}\n`);
  else output.hint((voice) => renderError(report, voice));
  return report.exit;
};
