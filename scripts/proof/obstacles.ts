const MEMORY =
  'most of what is resident are pages of the program file of Node, which every process of that Node shares; its own data (see bench.md) is well below. A smaller runtime would be another product.';

const ADOPTED =
  'an agent that adopted what runs looks now and then whether it still does: the kernel tells only a parent of the end of its children.';

/** What keeps Reeve from a target that it misses, by the name of the figure. For people who decide whether that matters to them. */
export const OBSTACLES: Readonly<Record<string, string>> = {
  '50: daemon': MEMORY,
  '50, restarted: daemon': MEMORY,
  '300: daemon': MEMORY,
  '300, restarted: daemon': MEMORY,
  '50, restarted: processor': ADOPTED,
  '300, restarted: processor': ADOPTED,
  '50: processor': 'once a second the agent looks how long log files are, those that rest every fourth time.',
  '300: processor':
    'once a second the agent looks how long log files are, those that rest every fourth time.',
  '300 started: all run':
    'more than half of the time is Node starting a process: it copies its page tables for each one, on its only thread. Each instance gets a shim, which is what lets it outlive the agent, so a start is two programs, a record and a FIFO, where PM2 and supervisord fork once.',
  'replaced after kill -9 (20)':
    'a start is a shim and a program, with a record on disk before the program begins, so that an agent that dies in between knows what to look for, where PM2 forks once.',
};
