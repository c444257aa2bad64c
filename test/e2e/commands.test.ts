// Every command of the CLI on a real agent: its help, and what it prints under --json.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Command } from 'commander';
import { openWholeProgram } from '../../src/cli/program.ts';
import { silentWorld } from '../worlds/cli-world.ts';
import { SHAPES } from '../worlds/json-shapes.ts';
import { openStage, projectRoot, runProgram, type Stage } from '../worlds/stage.ts';
import { PROGRAMS } from '../worlds/web-stack.ts';

const leaves = (command: Command, path: readonly string[] = []): string[][] =>
  command.commands.length === 0
    ? [[...path]]
    : command.commands.flatMap((child) => leaves(child, [...path, child.name()]));

const program = await openWholeProgram({ world: silentWorld(), exitCode: 0 });
const LEAVES = leaves(program);

describe('the help', { concurrency: 4 }, () => {
  const reeve = join(projectRoot, 'bin/reeve');

  for (const path of LEAVES) {
    test(`of reeve ${path.join(' ')} exits with 0 and has an example`, async () => {
      const { exit, stdout, stderr } = await runProgram(reeve, [...path, '--help'], '/', process.env);
      assert.deepEqual([exit, stderr], [0, '']);
      assert.ok(stdout.startsWith(`Usage: reeve ${path.join(' ')}`), stdout);
      assert.match(stdout, new RegExp(`\nExamples?:\n  \\$ .*reeve ${path.join(' ')}`));
    });
  }
});

const STACK = `name: every
services:
  web:
    run: $REEVE_NODE web.mjs
    route: every.localhost
    health: { http: /up, interval: 500ms, settle: 100ms }
    stop: { grace: 3s }
  worker:
    run: sh -c 'echo ready; exec sleep 10000'
    health: { log: ready, settle: 100ms }
    stop: { grace: 1s }
jobs:
  hello: { phase: manual, run: sh -c 'echo hello; echo oh >&2' }
  fails: { phase: manual, run: sh -c 'echo no; exit 3' }
bake: 0s
warm: 1m
`;

// A tab stands for a blank within a word.
type Case = readonly [line: string, shape: keyof typeof SHAPES, exit: number];

// In the order in which they are given, for some need what the ones before them did.
const CASES: readonly Case[] = [
  ['init --file new/reeve.yaml', 'init', 0],
  ['validate', 'validate', 0],
  ['plan', 'plan', 0],
  ['plan --check', 'plan', 5],
  ['up', 'result', 0],
  ['up', 'result', 0],
  ['deploy --force', 'result', 0],
  ['rollback', 'result', 0],
  ['scale web=2', 'results', 0],
  ['restart worker', 'result', 0],
  ['stop worker', 'result', 0],
  ['start worker', 'result', 0],
  ['run hello', 'result', 0],
  ['run fails', 'result', 1],
  ['run nothing', 'error', 2],
  ['status', 'status', 0],
  ['ps', 'ps', 0],
  ['health', 'health', 0],
  ['logs --tail 1', 'logLine', 0],
  ['releases', 'releases', 0],
  ['changes list', 'changes', 0],
  ['changes show 1', 'change', 0],
  ['changes follow 1', 'result', 0],
  ['changes cancel 1', 'error', 2],
  ['doctor', 'doctor', 0],
  ['audit', 'audit', 0],
  ['metrics', 'metrics', 0],
  ['exec web -- sh -c exit\t3', 'exec', 3],
  ['lock status', 'lock', 0],
  ['lock current', 'lockCurrent', 0],
  ['lock acquire export --task nightly', 'lockChange', 0],
  ['lock release --task nightly', 'lockChange', 0],
  ['edge status', 'edge', 0],
  ['edge routes', 'edgeRoutes', 0],
  ['agent status', 'agent', 0],
  ['agent start', 'agentStart', 0],
  ['version', 'version', 0],
  ['completion bash', 'completion', 0],
  ['down', 'result', 0],
  ['agent stop', 'agentStop', 0],
  ['status', 'error', 69],
];

// The command's own output goes to stdout, as without --json.
const WITHOUT_JSON = ['lock run'];

describe('--json', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({
      stack: 'every',
      files: {
        'reeve.yaml': STACK,
        'web.mjs': PROGRAMS.good,
        'new/package.json': '{"name":"new","scripts":{"start":"node server.js"}}',
      },
    });
  });

  after(() => stage.close());

  for (const [line, shape, exit] of CASES) {
    test(`of reeve ${line.replace('\t', ' ')} is one value of its documented shape, and exits with ${exit}`, async () => {
      const words = ['--json', ...line.split(' ')].map((word) => word.replace('\t', ' '));
      const ran = await stage.reeve(...words);
      assert.equal(ran.exit, exit, ran.stdout + ran.stderr);
      const lines = ran.stdout.trimEnd().split('\n');
      const values = lines.map((each) => JSON.parse(each) as unknown);
      assert.ok(values.length === 1 || shape === 'logLine', `${values.length} values`);
      for (const value of values) SHAPES[shape].parse(value);
    });
  }

  test('was tried on every command', () => {
    const tried = [...CASES.map(([line]) => line), ...WITHOUT_JSON];
    const missing = LEAVES.map((path) => path.join(' ')).filter(
      (path) => !tried.some((line) => `${line} `.startsWith(`${path} `)),
    );
    assert.deepEqual(missing, []);
  });
});
