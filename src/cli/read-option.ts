// What people type behind options, as values. Complaints are commander's own, so that they name the option.
import { InvalidArgumentError } from 'commander';
import { isName, type Name } from '../model/names.ts';
import { parseDuration } from '../stack/units.ts';

/** `500ms`, `30s`, `10m`, `2h`, `1d`, in milliseconds. */
export const readDuration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('A duration such as 30s, 10m or 2h is required');
  return ms;
};

/** A duration ago, or a date and time as of ISO 8601, in epoch milliseconds. */
export const readMoment = (text: string): number => {
  if (/^\d+(\.\d+)?[a-z]+$/.test(text)) return Date.now() - readDuration(text);
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError(
      'A duration such as 10m, or a time such as 2026-01-31T12:00:00Z is required',
    );
  }
  return at;
};

export const readCount = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number is required');
  return Number(text);
};

/** Of a change or release: counts from 1. */
export const readId = (text: string): number => {
  const id = readCount(text);
  if (id === 0) throw new InvalidArgumentError('A number from 1 on is required');
  return id;
};

/** How much of a list to show; more than there can be is all of it. */
export const readLimit =
  (most: number) =>
  (text: string): number =>
    Math.min(most, readId(text));

export const readPort = (text: string): number => {
  const port = readCount(text);
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('A port from 1 to 65535 is required');
  return port;
};

export const readName = (text: string): Name => {
  if (!isName(text))
    throw new InvalidArgumentError('A name of lower-case letters, digits and dashes is required');
  return text;
};

export const readNames = (text: string, before: readonly Name[] | undefined): Name[] => [
  ...(before ?? []),
  readName(text),
];

/** A regular expression that the agent will accept. */
export const readPattern = (text: string): string => {
  try {
    new RegExp(text, 'u');
    return text;
  } catch (error) {
    throw new InvalidArgumentError(
      error instanceof Error ? error.message : 'A regular expression is required',
    );
  }
};
