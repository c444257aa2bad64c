type Environment = Readonly<Record<string, string | undefined>>;

// npm-run-script(1) and npx(1): folders of packages from the current one upwards, and npm's own.
const OF_NPM = /\/node_modules\/\.bin$|\/node-gyp-bin$/;

/**
 * The environment an agent gets from who starts it. `npx` and `npm run` put folders of theirs in front of the PATH; the
 * agent's programs inherit the PATH, and must not find other programs because it was started that way.
 */
export const agentEnvironment = (env: Environment): Environment => {
  if (env.npm_execpath === undefined || env.PATH === undefined) return env;
  const folders = env.PATH.split(':').filter((folder) => !OF_NPM.test(folder));
  return { ...env, PATH: folders.join(':') };
};
