// A stack file as a person writes it: short forms allowed, defaults left out. The complete form is model/stack.
import { z } from 'zod';
import { JOB_DEFAULTS, STACK_DEFAULTS as STACK } from '../defaults.ts';
import { formatDuration, formatPercent, formatSize } from '../units.ts';
import { expects } from './expectations.ts';
import { environmentKeys, programKeys } from './program.ts';
import { duration, key, keyLike, oneOrMany, percent, size, strictMap, text, wholeNumber } from './scalars.ts';
import { writtenService } from './written-service.ts';

const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

export const writtenJob = strictMap('job', {
  ...programKeys('the job'),
  phase: key(z.enum(['build', 'gate', 'before', 'after', 'manual'], expects('phase')).optional(), {
    description:
      'When it runs in a deploy. `build`: in the new release, before anything else. `gate`: after the build, to refuse the release before anything of it runs. `before`: after the gates, before the new instances start. `after`: when the release is live. `manual`: only with `reeve run`. A job that is named `build`, `gate`, `before` or `after` has that phase.',
    type: '`build`, `gate`, `before`, `after` or `manual`',
    isRequired: true,
    example: 'before',
  }),
  timeout: key(duration.optional(), {
    description: 'How long it may take; then it is ended and has failed.',
    type: 'duration',
    default: formatDuration(JOB_DEFAULTS.timeoutMs),
  }),
});

export const writtenSource = strictMap('source', {
  folder: key(text.optional(), {
    description: 'A folder of this host; relative to the folder of the stack file, or beginning with `~/`.',
    type: 'path',
    example: './dist',
  }),
  exclude: key(oneOrMany('texts', text).optional(), {
    description: 'With `folder`: what stays out of the release, as in a .gitignore.',
    type: 'pattern, or list of patterns',
    example: '[tmp, "*.log"]',
  }),
  git: key(text.optional(), {
    description: 'A git repository, as `git clone` takes it. No password in it.',
    type: 'URL',
    example: 'git@example.com:shop.git',
  }),
  ref: key(text.optional(), {
    description: 'With `git`: a branch, tag or revision. Without it, the default branch of the repository.',
    type: 'git ref',
    default: STACK.gitRef,
    example: 'main',
  }),
  subfolder: key(text.optional(), {
    description: 'With `git`: the part of the repository that is released.',
    type: 'path',
    example: 'apps/web',
  }),
});

export const writtenRetention = strictMap('retention', {
  releases: key(wholeNumber('releases', 0, 1000).optional(), {
    description: 'Releases that are kept beside the current one.',
    type: 'number',
    default: STACK.retention.releases,
  }),
  logs: key(size.optional(), {
    description: 'Size of one log file; what is older is compressed.',
    type: 'size',
    default: formatSize(STACK.retention.logBytes),
  }),
  log_archives: key(size.optional(), {
    description: 'Size of the compressed older part of one log file; the oldest goes first.',
    type: 'size',
    default: formatSize(STACK.retention.archiveBytes),
  }),
});

export const writtenBake = strictMap('bake', {
  for: key(duration.optional(), {
    description: 'How long the new release is watched.',
    type: 'duration',
    default: formatDuration(STACK.bake.forMs),
  }),
  max_errors: key(percent.optional(), {
    description: 'Share of 5xx answers that makes the release bad.',
    type: 'percent',
    default: formatPercent(STACK.bake.maxErrorShare),
  }),
  min_requests: key(wholeNumber('requests', 1, 1_000_000).optional(), {
    description: 'Requests that have to be seen before that share counts.',
    type: 'number',
    default: STACK.bake.minRequests,
  }),
});

export const writtenStack = strictMap('stack', {
  name: key(z.string(expects('name')), {
    description: 'The name of the stack: lower-case letters, digits and dashes, at most 48.',
    type: 'name',
    isRequired: true,
    example: 'shop',
  }),
  source: key(z.union([text, writtenSource], expects('source')).optional(), {
    description: 'Where the files of a release come from: a folder, or a git repository.',
    type: 'path, or [source](#source)',
    default: STACK.source,
  }),
  ...environmentKeys('every service and job'),
  services: key(z.record(keyLike(NAME), writtenService, expects('services')).optional(), {
    description: 'The programs that keep running.',
    type: 'map from name to [service](#service)',
    example: '{ web: { run: node server.js, route: true } }',
  }),
  jobs: key(z.record(keyLike(NAME), writtenJob, expects('jobs')).optional(), {
    description: 'The programs that run to their end.',
    type: 'map from name to [job](#job)',
    example: '{ build: { run: npm ci } }',
  }),
  shared: key(oneOrMany('texts', text).optional(), {
    description: 'Folders of the release that outlive it: every release gets a link to the same one.',
    type: 'path, or list of paths',
    example: '[data, public/uploads]',
  }),
  cache: key(oneOrMany('texts', text).optional(), {
    description: 'Folders of the release that the next one begins with a copy of, so that builds are quick.',
    type: 'path, or list of paths',
    example: '[node_modules]',
  }),
  retention: key(writtenRetention.optional(), {
    description: 'What is kept, and how much of it.',
    type: '[retention](#retention)',
  }),
  bake: key(z.union([duration, writtenBake], expects('bake')).optional(), {
    description:
      'How long a new release is watched once it has the traffic. If it turns bad, the traffic goes back to the release before.',
    type: 'duration, or [bake](#bake)',
    default: formatDuration(STACK.bake.forMs),
  }),
  warm: key(duration.optional(), {
    description: 'How long the instances that lost the traffic stay up, for a rollback within milliseconds.',
    type: 'duration',
    default: formatDuration(STACK.warmMs),
  }),
});

export type WrittenStack = z.infer<typeof writtenStack>;
export type WrittenJob = z.infer<typeof writtenJob>;
