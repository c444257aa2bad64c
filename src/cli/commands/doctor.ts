import type { Command } from 'commander';
import type { DoctorAnswer, Finding } from '../../api/wire.ts';
import { saidStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { EXIT } from '../exit-code.ts';
import { renderFields } from '../output/fields.ts';
import type { Voice } from '../output/output.ts';
import type { Style } from '../output/paint.ts';
import { type Line, span, wrap } from '../output/text.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('doctor')
    .description(
      'Look for what is wrong or soon will be; says cause and fix, changes nothing. Exits with 1 on errors.',
    )
    .action(
      action(async (session) => {
        const { client, output, signal } = session;
        const stack = saidStack(session);
        const answer = await client.call('doctor', { query: stack === null ? {} : { stack }, signal });
        output.answer(answer, (voice) => renderDoctor(answer, voice));
        return answer.findings.some(({ severity }) => severity === 'error') ? EXIT.failed : EXIT.done;
      }),
    );
  withExamples(
    command,
    ['reeve doctor', 'the host and every stack'],
    ['reeve doctor --json | jq .findings', 'as data, for monitoring'],
  );
};

const STYLES: Readonly<Record<Finding['severity'], Style>> = {
  error: 'boldRed',
  warning: 'boldYellow',
  note: 'cyan',
};
const WORST_FIRST: readonly Finding['severity'][] = ['error', 'warning', 'note'];

const renderDoctor = ({ findings, checked }: DoctorAnswer, voice: Voice): Line[] => {
  const sorted = findings.toSorted(
    (one, other) => WORST_FIRST.indexOf(one.severity) - WORST_FIRST.indexOf(other.severity),
  );
  const all = `${checked.length} ${checked.length === 1 ? 'check' : 'checks'}`;
  const end: Line =
    findings.length === 0
      ? [span(voice.symbols.done, 'green'), span(` ${all}, nothing found`)]
      : [span(`${all}, ${WORST_FIRST.flatMap((severity) => countOf(findings, severity)).join(', ')}`, 'dim')];
  return [...sorted.flatMap((finding) => [...renderFinding(finding, voice), []]), end];
};

const renderFinding = (finding: Finding, voice: Voice): Line[] => [
  [span(finding.severity, STYLES[finding.severity]), { text: '  ' }, span(finding.code, 'dim')],
  ...wrap(finding.symptom, voice.width - 3).map((text): Line => [{ text: '  ' }, span(text, 'bold')]),
  ...renderFields(
    [
      { label: 'seen', lines: finding.evidence },
      { label: 'cause', lines: [finding.cause] },
      { label: 'fix', lines: [finding.fix] },
    ],
    voice,
  ),
];

const countOf = (findings: readonly Finding[], severity: Finding['severity']): string[] => {
  const count = findings.filter((finding) => finding.severity === severity).length;
  return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
};
