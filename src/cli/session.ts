// What a command is given: where to write, whom to ask, and what was said about every command.
import type { Command } from 'commander';
import { type Client, openClient } from '../client/client.ts';
import { type Layout, resolveLayout } from '../model/layout.ts';
import { openOutput, type Output } from './output/output.ts';
import { span } from './output/text.ts';
import type { World } from './world.ts';

/** The options that every command has. */
export type GlobalOptions = {
  readonly stack?: string;
  readonly file?: string;
  readonly json?: boolean;
  readonly color?: boolean;
  readonly quiet?: boolean;
};

export type Session = {
  readonly world: World;
  readonly globals: GlobalOptions;
  readonly output: Output;
  readonly layout: Layout;
  readonly client: Client;
  /** Aborts at Ctrl-C and when nobody reads stdout any more. */
  readonly signal: AbortSignal;
  /** Makes sure that an agent answers: starts one where there is none, unless `mayStart` throws. */
  readonly ensureAgent: (mayStart?: () => Promise<void>) => Promise<void>;
};

/** Where a program keeps what its actions need; commander itself has no place for it. */
export type Stage = { readonly world: World; exitCode: number };
const stages = new WeakMap<Command, Stage>();

export const setStage = (program: Command, stage: Stage): void => void stages.set(program, stage);

/** What an action gives back: nothing is exit code 0. */
export type ActionResult = Promise<number | void>;

/**
 * An action for commander that gets the session first, then its arguments and its own options.
 * The exit code it returns becomes the program's.
 */
export const action =
  <Given extends unknown[]>(run: (session: Session, ...given: Given) => ActionResult) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const stage = stages.get(rootOf(command));
    if (!stage) throw new Error(`command "${command.name()}" belongs to no program`);
    const session = openSession(stage.world, command.optsWithGlobals());
    const code = await run(session, ...(given.slice(0, -1) as Given));
    stage.exitCode = code ?? 0;
  };

export const openSession = (world: World, globals: GlobalOptions): Session => {
  const output = openOutput(world, {
    json: globals.json ?? false,
    quiet: globals.quiet ?? false,
    color: globals.color ?? true,
  });
  const layout = resolveLayout(world.env, world.uid);
  const client = openClient({ socket: layout.socket, user: world.user });
  const signal = AbortSignal.any([world.interrupted, world.stdout.readerGone]);
  const ensureAgent = async (mayStart?: () => Promise<void>): Promise<void> => {
    const { readAgent, startBackground } = await import('./agent-life.ts');
    const reach = { client, layout, world, signal };
    if (await readAgent(reach)) return;
    await mayStart?.();
    const { pid, rebuilt } = await startBackground(reach);
    if (!output.isQuiet) output.hint(() => [[span(`Started the agent (process ${pid})`, 'dim')]]);
    if (!rebuilt) return;
    const { renderRebuilt } = await import('./output/agent.ts');
    output.hint((voice) => renderRebuilt(rebuilt, voice));
  };
  return { world, globals, output, layout, client, signal, ensureAgent };
};

const rootOf = (command: Command): Command => {
  let root = command;
  while (root.parent) root = root.parent;
  return root;
};
