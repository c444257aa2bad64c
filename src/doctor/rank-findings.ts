import type { Finding } from '../model/finding.ts';
import type { StackFacts } from './world.ts';

/**
 * The earliest broken link first: errors before warnings before notes, and within these what is nearer to the root.
 * A finding that another explains becomes a note that names it; no finding is dropped.
 */
export const rankFindings = (
  findings: readonly Finding[],
  stacks: readonly StackFacts[],
): readonly Finding[] =>
  findings
    .map((finding) => demote(finding, findings, stacks))
    .toSorted((a, b) => severityOf(a) - severityOf(b) || depthOf(a) - depthOf(b));

// From the root to the leaves: what is later can be caused by what is earlier.
const CHAIN: readonly string[] = [
  'doctor.disk-full',
  'doctor.inodes-low',
  'doctor.memory-low',
  'doctor.few-files',
  'doctor.old-kernel',
  'doctor.lock-orphaned',
  'doctor.change-slow',
  'doctor.lock-old',
  'doctor.edge-port-taken',
  'doctor.edge-down',
  'doctor.port-taken',
  'doctor.crash-looping',
  'doctor.restarting',
  'doctor.port-elsewhere',
  'doctor.port-silent',
  'doctor.unhealthy',
  'doctor.degraded',
  'doctor.edge-refused',
  'doctor.disk-low',
  'doctor.env-file-open',
  'doctor.port-public',
  'doctor.memory-sampled',
  'doctor.no-hole-punching',
  'doctor.check-failed',
];

type Scope = 'host' | 'stack' | 'service' | 'instance' | 'dependency';

const BROKEN_INSTANCE = ['doctor.port-taken', 'doctor.crash-looping', 'doctor.restarting'];
const BROKEN_PORT = ['doctor.port-elsewhere', 'doctor.port-silent'];
const BROKEN = [...BROKEN_INSTANCE, ...BROKEN_PORT, 'doctor.unhealthy'];

// What can follow from what, and how near the two have to be.
const EXPLANATIONS: Readonly<
  Record<string, readonly { readonly causes: readonly string[]; readonly within: Scope }[]>
> = {
  'doctor.edge-down': [{ causes: ['doctor.edge-port-taken'], within: 'host' }],
  'doctor.lock-old': [{ causes: ['doctor.change-slow'], within: 'stack' }],
  'doctor.crash-looping': [
    { causes: ['doctor.port-taken'], within: 'instance' },
    { causes: BROKEN, within: 'dependency' },
  ],
  'doctor.restarting': [
    { causes: ['doctor.port-taken'], within: 'instance' },
    { causes: BROKEN, within: 'dependency' },
  ],
  'doctor.unhealthy': [
    { causes: [...BROKEN_INSTANCE, ...BROKEN_PORT], within: 'instance' },
    { causes: BROKEN, within: 'dependency' },
  ],
  'doctor.degraded': [{ causes: BROKEN, within: 'dependency' }],
  'doctor.edge-refused': [
    { causes: BROKEN, within: 'instance' },
    { causes: BROKEN, within: 'service' },
  ],
};

const demote = (finding: Finding, all: readonly Finding[], stacks: readonly StackFacts[]): Finding => {
  for (const { causes, within } of EXPLANATIONS[finding.code] ?? []) {
    const cause = all.find(
      (other) => other !== finding && causes.includes(other.code) && isNear(finding, other, within, stacks),
    );
    if (cause) {
      return {
        ...finding,
        severity: 'note',
        consequenceOf: cause.code,
        cause: `Follows from: ${cause.symptom}`,
      };
    }
  }
  return finding;
};

const isNear = (finding: Finding, cause: Finding, within: Scope, stacks: readonly StackFacts[]): boolean => {
  if (within === 'host') return true;
  if (finding.stack !== cause.stack) return false;
  switch (within) {
    case 'stack':
      return true;
    case 'service':
      return finding.service === cause.service;
    case 'instance':
      return finding.instance === cause.instance;
    case 'dependency':
      return dependenciesOf(finding, stacks).has(cause.service ?? '');
    default:
      return within satisfies never;
  }
};

// Whatever the service needs, directly or not.
const dependenciesOf = ({ stack, service }: Finding, stacks: readonly StackFacts[]): ReadonlySet<string> => {
  const services = stacks.find((each) => each.stack === stack)?.services ?? [];
  const needed = new Set<string>();
  const visit = (name: string | undefined): void => {
    for (const each of services.find((one) => one.name === name)?.dependsOn ?? []) {
      if (needed.has(each) || each === service) continue;
      needed.add(each);
      visit(each);
    }
  };
  visit(service);
  return needed;
};

const SEVERITIES: readonly Finding['severity'][] = ['error', 'warning', 'note'];

const severityOf = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);

const depthOf = ({ code }: Finding): number => {
  const at = CHAIN.indexOf(code);
  return at === -1 ? CHAIN.length : at;
};
