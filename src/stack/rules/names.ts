import { isName } from '../../model/names.ts';
import type { Path } from '../places.ts';
import { quote } from '../quote.ts';
import { programsOf, type RuleContext } from './rule.ts';

// An instance is `<service>-<slot>-<seat>` and a run of a job `job-<change>-<job>`: both have to be names themselves.
const LONGEST_PROGRAM_NAME = 32;

// Folders and run ids that Reeve has beside those of the services.
const RESERVED = new Set(['job', 'jobs', 'reeve']);

export const checkNames = (context: RuleContext): void => {
  const { stack, places, error } = context;
  judgeName(context, ['name'], {
    name: stack.name,
    what: 'stack',
    longest: 48,
    place: places.ofValue(['name']),
  });
  if (
    stack.services.length === 0 &&
    stack.jobs.length === 0 &&
    !context.isCut(['services']) &&
    !context.isCut(['jobs'])
  ) {
    error(places.ofKey([]), {
      code: 'stack.empty',
      message: `Cannot use stack ${quote(stack.name)}: it has neither services nor jobs, at least one is required`,
      fix: 'add services: {web: {run: node server.js}}',
    });
  }
  const jobs = new Set(stack.jobs.map((job) => job.name));
  for (const { path, program } of programsOf(context)) {
    const isService = path[0] === 'services';
    const what = isService ? 'service' : 'job';
    const place = places.ofKey(path);
    judgeName(context, path, { name: program.name, what, longest: LONGEST_PROGRAM_NAME, place });
    if (isService && RESERVED.has(program.name)) {
      error(place, {
        code: 'name.reserved',
        message: `Cannot use ${quote(program.name)} as the name of a service: Reeve keeps it for itself, another is required`,
        fix: 'rename the service',
      });
    }
    if (isService && jobs.has(program.name)) {
      const jobPlace = places.ofKey(['jobs', program.name]);
      error(jobPlace.line > place.line ? jobPlace : place, {
        code: 'name.duplicate',
        message: `Cannot use ${quote(program.name)} twice: it is a service (line ${place.line}) and a job (line ${jobPlace.line}), one of each name is required`,
        fix: 'rename one of the two',
      });
    }
  }
};

type JudgedName = {
  readonly name: string;
  readonly what: string;
  readonly longest: number;
  readonly place: { readonly line: number; readonly column: number };
};

const judgeName = (context: RuleContext, path: Path, { name, what, longest, place }: JudgedName): void => {
  if (context.isCut(path) && path.length === 1) return;
  if (isName(name) && name.length <= longest) return;
  const isTooLong = name.length > longest;
  const why = isTooLong ? `it has ${name.length} characters, at most ${longest} are allowed` : whyNot(name);
  const proposal = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, longest)
    .replaceAll(/^-+|-+$/g, '');
  context.error(place, {
    code: 'name.wrong',
    message: `Cannot use ${quote(name)} as the name of a ${what}: ${why}`,
    expected: 'lower-case letters, digits and dashes, with no dash at either end',
    ...(isName(proposal) && { fix: `write ${proposal}` }),
  });
};

const whyNot = (name: string): string => {
  if (name === '') return 'it is empty';
  const bad = /[^a-z0-9-]/u.exec(name)?.[0];
  return bad === undefined ? 'it begins or ends with a dash' : `it has ${quote(bad)} in it`;
};
