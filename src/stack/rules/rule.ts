import type { Problem } from '../../model/problem.ts';
import type { Command, Job, Service, Stack } from '../../model/stack.ts';
import { isCut } from '../check-shape.ts';
import type { Folders } from '../paths.ts';
import type { Path, Place, Places } from '../places.ts';
import type { WrittenService } from '../schema/written-service.ts';
import type { WrittenJob, WrittenStack } from '../schema/written-stack.ts';

export type Facts = {
  readonly file: string;
  /** Complete, and possibly senseless: that is what the rules find out. */
  readonly stack: Stack;
  readonly written: WrittenStack;
  readonly places: Places;
  readonly folders: Folders;
  readonly cut: readonly Path[];
};

export type Complaint = Pick<Problem, 'code' | 'message' | 'expected' | 'fix'>;

export type RuleContext = Facts & {
  readonly error: (place: Place, complaint: Complaint) => void;
  readonly warn: (place: Place, complaint: Complaint) => void;
  /** Whether something there was of a wrong shape and is gone, so that its absence means nothing. */
  readonly isCut: (path: Path) => boolean;
};

export type Rule = (context: RuleContext) => void;

/** What the rules have to say about a stack, one after the other. */
export const judgeBy = (rules: readonly Rule[], facts: Facts): readonly Problem[] => {
  const problems: Problem[] = [];
  const report =
    (severity: Problem['severity']) =>
    (place: Place, complaint: Complaint): void => {
      problems.push({ ...complaint, severity, file: facts.file, ...place });
    };
  const context: RuleContext = {
    ...facts,
    error: report('error'),
    warn: report('warning'),
    isCut: (path) => isCut(facts.cut, path),
  };
  for (const rule of rules) rule(context);
  return problems;
};

export type ServiceFacts = {
  readonly path: Path;
  readonly service: Service;
  readonly written: WrittenService;
};

/** Each service as it is written and as it is meant, in the order of the file. */
export const servicesOf = ({ stack, written }: Facts): readonly ServiceFacts[] =>
  stack.services.map((service) => ({
    path: ['services', service.name],
    service,
    written: written.services![service.name]!,
  }));

export type ProgramFacts = {
  readonly path: Path;
  readonly program: Service | Job;
  readonly written: WrittenService | WrittenJob;
};

/** Services and jobs alike. */
export const programsOf = (facts: Facts): readonly ProgramFacts[] => [
  ...servicesOf(facts).map(({ path, service, written }) => ({ path, program: service, written })),
  ...facts.stack.jobs.map((job) => ({
    path: ['jobs', job.name],
    program: job,
    written: facts.written.jobs![job.name]!,
  })),
];

export type CommandFacts = {
  readonly path: Path;
  readonly command: Command;
  readonly written: WrittenJob['run'];
  readonly isShell: boolean;
};

/** Every command of the file: of services, jobs and probes. */
export const commandsOf = (facts: Facts): readonly CommandFacts[] => [
  ...programsOf(facts).map(({ path, program, written }) => ({
    path: [...path, 'run'],
    command: program.command,
    written: written.run,
    isShell: written.shell ?? false,
  })),
  ...servicesOf(facts).flatMap(({ path, service, written }) => {
    const { probe } = service.health;
    if (probe?.kind !== 'exec' || typeof written.health !== 'object') return [];
    return [
      {
        path: [...path, 'health', 'exec'],
        command: probe.command,
        written: written.health!.exec!,
        isShell: written.health!.shell ?? false,
      },
    ];
  }),
];
