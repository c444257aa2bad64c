// What Reeve claims of itself, and the tests that show it. A claim whose tests did not all pass is not made on the page.

export type Claim = {
  readonly title: string;
  /** What was done, in the present tense, for somebody who did not read the tests. */
  readonly words: string;
  /** Test files, or folders of them. */
  readonly files: readonly string[];
  /** Names of what the tests measured; see `figure-tables.ts`. */
  readonly figures?: readonly string[];
  /** Whether the page names each test. */
  readonly isListed?: boolean;
};

export const CLAIMS: readonly Claim[] = [
  {
    title: 'A deploy drops no request',
    words: `Deploys and rollbacks, mixed, of a service in two copies, while clients that never retry ask over kept connections: a third of them POST with bodies, beside event streams, WebSockets, slow responses of three seconds, streamed uploads and downloads. WebSockets that never want to end live until the drain deadline. Once with a program that ends gracefully, once with one that exits at once on SIGTERM, once with one that ignores it.`,
    files: ['test/proof/deploys-under-load.test.ts'],
    figures: ['deploys-under-load'],
  },
  {
    title: 'A program that must never run twice is restarted without dropping a request',
    words: `Strategy \`recreate\` under the same load: requests wait at the edge while there is no copy. The program itself watches that it is alone.`,
    files: ['test/proof/recreate-under-load.test.ts'],
    figures: ['recreate-under-load'],
  },
  {
    title: 'The agent may die at any moment',
    words: `SIGKILL of the real agent right after each journal record of a change, right before each record of an end, and at a sample of its other writes (rows, renames, removals, starts of processes); a third of the time again while the next agent resumes. Afterwards: clients noticed nothing, the change was finished or undone and says which, one process of each copy and no other, the lock is free, the next deploy works.`,
    files: ['test/crash/agent-sweep.test.ts', 'test/crash/retire.test.ts'],
    figures: ['agent-sweep'],
  },
  {
    title: 'So may the edge, and the command line',
    words: `SIGKILL of the builtin edge at every step of a deploy and at some of a rollback, a restart and a change of scale, of the CLI after each command that changes something, and of the agent at random moments while a deploy waits for its turn.`,
    files: ['test/crash/edge-and-cli.test.ts'],
  },
  {
    title: 'What runs stays up while there is no agent',
    words: `Instances run and log while their agent is killed, once or ten times a second: the next agent finds the same processes, starts none of them again, and no line of their output is lost or doubled.`,
    files: [
      'test/crash/fifty-instances.test.ts',
      'test/crash/kill-storm.test.ts',
      'test/crash/adoption.test.ts',
      'test/crash/copied-state.test.ts',
      'test/crash/reboot.test.ts',
      'test/e2e/adoption.test.ts',
    ],
    figures: ['adoption', 'kill-storm', 'reboots-swap', 'reboots-recreate'],
    isListed: true,
  },
  {
    title: 'Thousands of simulated lives',
    words: `The real planner, engine, supervision and lock over simulated hands, a virtual clock and seeded faults: crashes before and after each effect, lost answers, slow probes, expired locks. After every step: somebody healthy is routed, at most one holder, no orphan, no half state. Each seed can be replayed. Engines that are broken on purpose are each caught.`,
    files: ['test/simulation'],
    figures: ['simulation', 'mutants'],
  },
  {
    title: 'Many at once',
    words: `Two and three deploys at a time, twenty command lines at once, holders of the lock that are killed, stopped past their time and fenced out.`,
    files: [
      'test/proof/concurrency.test.ts',
      'test/proof/lock-matrix.test.ts',
      'test/e2e/queue-and-lock.test.ts',
      'test/contract/lock.test.ts',
    ],
  },
  {
    title: 'A host that runs out, and clocks that jump',
    words: `Disks without room for a byte or a file, no file descriptors, no processes, no memory, a clock that jumps a day: a clear error or recovery, what runs is untouched, and everything goes on without help when the cause is gone.`,
    files: [
      'test/proof/full-disk.test.ts',
      'test/proof/limits.test.ts',
      'test/proof/memory-limit.test.ts',
      'test/proof/clock-jumps.test.ts',
    ],
    isListed: true,
  },
  {
    title: 'A lost or damaged database',
    words: `Truncated, bit-flipped, of an older or newer schema, or gone: never silently empty. What runs goes on, and the agent says what it found and what it rebuilt from the processes and files themselves.`,
    files: [
      'test/e2e/lost-database.test.ts',
      'test/integration/store-recover.test.ts',
      'test/integration/store-file.test.ts',
    ],
    isListed: true,
  },
  {
    title: 'Input that makes no sense',
    words: `Generated and mutated stack files and calls, hostile names, paths, headers, and escape sequences in log lines: never a stack trace, never a hang, always a position.`,
    files: [
      'test/proof/api-fuzz.test.ts',
      'test/proof/hostile-input.test.ts',
      'test/e2e/hostile-output.test.ts',
      'src/stack/load-stack.property.test.ts',
    ],
  },
  {
    title: 'Secrets, users, and requests that mean harm',
    words: `Modes of sockets and files, programs under their own user, no secret in a process list, journal, error or log that Reeve shows; smuggled requests and headers, and clients that are slow on purpose.`,
    files: [
      'test/proof/security.test.ts',
      'test/proof/slow-clients.test.ts',
      'test/proof/edge-limits.test.ts',
      'test/integration/edge-smuggling.test.ts',
      'test/integration/edge-hold.test.ts',
    ],
    figures: ['slow-clients-swap', 'slow-clients-recreate'],
  },
  {
    title: 'What the tests of its peers ask for',
    words: `Scenarios of other deploy tools’ own test suites, and what their users report missing, by the names they have there.`,
    files: [
      'test/proof/peers-edge.test.ts',
      'test/proof/peers-deploy.test.ts',
      'test/proof/field-scenarios.test.ts',
    ],
    isListed: true,
  },
];
