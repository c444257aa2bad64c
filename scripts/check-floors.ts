// Fails on an import that goes up a floor or sideways between rooms, an import cycle (types included),
// or a file over its size cap. The floors are those of HACKING.md.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const FLOORS: Readonly<Record<string, number>> = {
  kit: 0,
  model: 1,
  ports: 1,
  stack: 2,
  plan: 2,
  store: 3,
  drivers: 3,
  edge: 3,
  sources: 3,
  secrets: 3,
  logs: 3,
  probes: 3,
  engine: 4,
  supervise: 4,
  releases: 4,
  recovery: 4,
  chores: 4,
  doctor: 4,
  telemetry: 4,
  api: 5,
  client: 5,
  agent: 5,
  cli: 6,
};

// Rooms of one floor that may look at a neighbour of theirs, and at nothing else on the floor.
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  ports: ['model'],
  client: ['api'],
  agent: ['api'],
  plan: ['stack'],
};

// WORK meets HANDS in ports/, and only the wiring of the agent sees both.
const HANDS = 3;
const WORK = 4;
const PURE = new Set(['model', 'stack', 'plan']);
const IMPURE_IMPORT = /^node:(?!path$|util$|crypto$|assert)/;

const SOFT_LINES = 250;
const HARD_LINES = 400;
const TEST_LINES = 500;
const MAX_IMPORTS = 14;

const root = resolve(import.meta.dirname, '..');
const complaints: string[] = [];
const edges = new Map<string, string[]>();

for (const file of sourceFiles(join(root, 'src'))) {
  const text = readFileSync(file, 'utf8');
  const name = relative(root, file);
  const room = name.split('/')[1]!;
  const isTest = name.endsWith('.test.ts');
  const lines = text.split('\n').length - 1;
  if (lines > (isTest ? TEST_LINES : HARD_LINES)) {
    complaints.push(`${name}: ${lines} lines, at most ${isTest ? TEST_LINES : HARD_LINES} allowed: split it`);
  } else if (!isTest && lines > SOFT_LINES) {
    console.log(`note: ${name} has ${lines} lines, over the soft cap of ${SOFT_LINES}`);
  }
  if (!(room in FLOORS))
    complaints.push(`${name}: "${room}" is on no floor: add it to scripts/check-floors.ts`);
  const imports = [
    ...text.matchAll(
      /^\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ];
  const ours: string[] = [];
  for (const match of imports) {
    const target = match[1] ?? match[2] ?? match[3]!;
    if (!target.startsWith('.')) {
      if (!isTest && PURE.has(room) && IMPURE_IMPORT.test(target)) {
        complaints.push(`${name}: imports "${target}", and ${room}/ is pure: no fs, net, clock or random`);
      }
      if (!isTest && target === 'node:http' && !/^\s*import type\b/.test(match[0]))
        complaints.push(
          `${name}: imports "node:http" as a module, which is slow: take it from kit/node-http.ts`,
        );
      continue;
    }
    const to = resolve(dirname(file), target);
    const toName = relative(root, to);
    if (!toName.startsWith('src/')) {
      if (!isTest) complaints.push(`${name}: imports "${toName}", outside src/`);
      continue;
    }
    ours.push(to);
    if (isTest) continue;
    const complaint = judge(name, room, toName.split('/')[1]!);
    if (complaint) complaints.push(complaint);
  }
  if (!isTest) edges.set(file, ours);
  // Types are words; what counts is how many rooms' doings a file has in its hands.
  const doings = imports.filter(([whole]) => !/^\s*import type\b/.test(whole)).length;
  if (!isTest && doings > MAX_IMPORTS && !isWiring(name)) {
    complaints.push(`${name}: ${doings} imports, at most ${MAX_IMPORTS} allowed: it knows too much`);
  }
}

for (const file of sourceFiles(join(root, 'test'))) {
  const lines = readFileSync(file, 'utf8').split('\n').length - 1;
  if (lines > TEST_LINES)
    complaints.push(`${relative(root, file)}: ${lines} lines, at most ${TEST_LINES} allowed: split it`);
}

for (const cycle of findCycles(edges)) {
  complaints.push(`import cycle: ${cycle.map((file) => relative(root, file)).join(' -> ')}`);
}

for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exit(1);
console.log(`floors: ${edges.size} files, no complaint`);

function judge(name: string, from: string, to: string): string | null {
  if (from === to) return null;
  const fromFloor = FLOORS[from] ?? Infinity;
  const toFloor = FLOORS[to] ?? Infinity;
  if (NEIGHBOURS[from]?.includes(to)) return null;
  if (toFloor > fromFloor)
    return `${name}: imports ${to}/ (floor ${toFloor}) from ${from}/ (floor ${fromFloor}): only downwards`;
  if (toFloor === fromFloor)
    return `${name}: imports ${to}/ sideways from ${from}/: meet in ports/ or model/`;
  if (fromFloor === WORK && toFloor === HANDS)
    return `${name}: WORK imports a HAND (${to}/): take its port and let agent/wire.ts bring it`;
  if (from === 'client' && toFloor > 1)
    return `${name}: client/ may know kit, model, ports and api, not ${to}/`;
  if (from === 'agent' && (toFloor === HANDS || toFloor === WORK) && !isWiring(name)) {
    return `${name}: imports ${to}/: only agent/wire.ts sees both towers`;
  }
  return null;
}

function isWiring(name: string): boolean {
  return name.startsWith('src/agent/wire') || name === 'src/agent/main.ts';
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('node_modules'))
    .toSorted();
}

function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      cycles.push([...path.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return cycles;
}
