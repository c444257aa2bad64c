import type { ErrorReport } from '../../model/error.ts';
import { type Field, renderFields } from './fields.ts';
import type { Voice } from './output.ts';
import { renderProblems } from './problems.ts';
import { type Line, span, wrap } from './text.ts';

/** An error as people read it: what happened, why, what to do, what was undone, and what the program itself said. */
export const renderError = (report: ErrorReport, voice: Voice): Line[] => {
  if (report.kind === 'defect') return renderDefect(report, voice);
  const message = wrap(report.message, voice.width - 1).map((text) => [span(text, 'boldRed')]);
  return [
    ...message,
    ...renderProblems(report.problems ?? [], voice),
    ...renderFields(fieldsOf(report, voice), voice),
  ];
};

const fieldsOf = (report: ErrorReport, { symbols }: Voice): Field[] => {
  const log = report.log ?? [];
  return [
    { label: 'why', lines: report.why === undefined ? [] : [report.why] },
    { label: 'fix', lines: report.fix === undefined ? [] : [report.fix] },
    { label: 'undone', lines: report.undone ?? [] },
    { label: 'not undone', lines: report.notUndone ?? [] },
    { label: 'probe', lines: report.transcript ?? [], verbatim: true },
    {
      label: 'log',
      lines:
        log.length === 0
          ? []
          : [
              log.length === 1 ? '(last line)' : `(last ${log.length} lines)`,
              ...log.map((text) => `${symbols.bar} ${text}`),
            ],
      verbatim: true,
    },
    { label: 'code', lines: [report.code] },
  ];
};

// `message` is the stack trace: what a report needs.
const renderDefect = (report: ErrorReport, voice: Voice): Line[] => [
  [span('This is a bug in Reeve', 'boldRed')],
  ...renderFields(
    [
      { label: 'what', lines: report.message.split('\n'), verbatim: true },
      { label: 'why', lines: report.why === undefined ? [] : [report.why] },
      {
        label: 'fix',
        lines: ['report it with the lines above, the command you gave, and the output of: reeve version'],
      },
    ],
    voice,
  ),
];
