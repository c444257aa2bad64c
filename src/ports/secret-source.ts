import type { EnvFile } from '../model/stack.ts';

export type ReadEnvFile = {
  readonly file: EnvFile;
  /** Empty where an optional file is absent. */
  readonly values: Readonly<Record<string, string>>;
};

export interface SecretSource {
  /**
   * Reads one env file (dotenv syntax). Refusals: `env.missing-file`, `env.syntax` with line and column,
   * `env.open-to-others` where others than its owner may read or write it.
   */
  read(file: EnvFile): Promise<ReadEnvFile>;
}
