import type { Layout } from '../model/layout.ts';
import type { Environments } from '../ports/environments.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { SecretSource } from '../ports/secret-source.ts';
import { serviceFingerprints } from './fingerprint.ts';
import { readPlacedEnv } from './placed-env.ts';
import { readEnv } from './read-env.ts';
import { refuseUnsetVariables } from './unset-variables.ts';

/** The redactor learns every secret that passes here. */
export const createEnvironments = (options: {
  readonly layout: Layout;
  readonly secrets: SecretSource;
  readonly redactor: Redactor;
  /** The agent's own. */
  readonly agentEnv: Readonly<Record<string, string | undefined>>;
}): Environments => {
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
    ofRelease: ({ stackName, id, stack, revision }) =>
      serviceFingerprints(stack, revision, readPlacedEnv(options.layout, stackName, id)),
  };
};
