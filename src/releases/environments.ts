import type { Problem } from '../model/problem.ts';
import type { Layout } from '../model/layout.ts';
import type { Name } from '../model/names.ts';
import type { Release, Revision } from '../model/release.ts';
import type { Stack } from '../model/stack.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import { serviceFingerprints } from './fingerprint.ts';
import { readPlacedEnv } from './placed-env.ts';
import { readEnv } from './read-env.ts';
import { refuseUnsetVariables } from './unset-variables.ts';

export type Environments = {
  /** The variables of a stack, as its env files have them now. */
  readonly assemble: (
    stack: Stack,
    /** Path of the stack file, for problems. */
    file: string,
  ) => Promise<{
    readonly fingerprint: string;
    readonly problems: readonly Problem[];
    readonly serviceFingerprints: (revision: Revision) => Readonly<Record<Name, string>>;
  }>;
  /** Of a release that is on disk, from the variables it was placed with. */
  readonly ofReleaseNow: (release: Release) => Readonly<Record<Name, string>>;
  readonly ofRelease: (release: Release) => Promise<Readonly<Record<Name, string>>>;
};

/** The redactor learns every secret that passes here. */
export const createEnvironments = (options: {
  readonly layout: Layout;
  readonly secrets: SecretSource;
  readonly redactor: Redactor;
  /** The agent's own. */
  readonly agentEnv: Readonly<Record<string, string | undefined>>;
}): Environments => {
  const ofReleaseNow: Environments['ofReleaseNow'] = ({ stackName, id, stack, revision }) =>
    serviceFingerprints(stack, revision, readPlacedEnv(options.layout, stackName, id));
  return {
    assemble: async (stack, file) => {
      const env = await readEnv({ stack, stackFile: file, secrets: options.secrets });
      options.redactor.learn(env.secretValues);
      refuseUnsetVariables(stack, env, options.agentEnv);
      return {
        fingerprint: env.fingerprint,
        problems: env.problems,
        serviceFingerprints: (revision) => serviceFingerprints(stack, revision, env),
      };
    },
    ofRelease: async (release) => ofReleaseNow(release),
    ofReleaseNow,
  };
};
