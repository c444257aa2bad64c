/** One output file of one instance or job. */
export type LogFile = {
  readonly path: string;
  readonly stream: 'out' | 'err';
  /** What people call it: `web-1-blue`, `job-12-migrate`. */
  readonly instance: string;
};

export type LogLine = {
  readonly instance: string;
  readonly stream: 'out' | 'err';
  /** Epoch milliseconds, to about a second: programs write files by themselves, the agent notes how far they were when. */
  readonly at: number | null;
  /** Redacted, without its line end, control characters escaped; at most 16 KiB, longer ones are cut with a note. */
  readonly text: string;
  /** Byte offset of the line's beginning; stays valid when retention frees older ranges. */
  readonly offset: number;
};

export type LogQuery = {
  /** Last lines per file, with `grep` the last that match; null: from the beginning, or from `since`. */
  readonly tail: number | null;
  /** Epoch milliseconds. */
  readonly since: number | null;
  /** A regular expression over the redacted text. */
  readonly grep: string | null;
  /** Goes on with what is written from now on, until the signal aborts. */
  readonly follow: boolean;
};

export type LogRetention = { readonly logBytes: number; readonly archiveBytes: number };

/** The output of programs: append-only files that they write themselves. */
export interface LogBook {
  /** Lines in order per file, merged by time where there are several. Ends without an error when the signal aborts. */
  read(files: readonly LogFile[], query: LogQuery, signal?: AbortSignal): AsyncIterable<LogLine>;
  /** The last `count` lines from byte `from` on, redacted; an empty list where the file is absent. */
  lastLines(file: LogFile, count: number, from?: number): Promise<readonly string[]>;
  /** Notes how long each file is now, for `since`. Called about once a second for the files of running instances. */
  note(files: readonly LogFile[], now: number): Promise<void>;
  /** Copies old ranges out compressed and frees their blocks. True where the filesystem can; false: only at restart. */
  retain(file: LogFile, retention: LogRetention): Promise<boolean>;
  /** The compressed older ranges of a file, oldest first. */
  archives(
    file: LogFile,
  ): Promise<
    readonly { readonly path: string; readonly from: number; readonly to: number; readonly bytes: number }[]
  >;
}
