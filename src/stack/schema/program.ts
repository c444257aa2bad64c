// What services and jobs have in common: a command and its environment.
import { z } from 'zod';
import { expects } from './expectations.ts';
import { key, keyLike, oneOrMany, plain, strictMap, text, truth } from './scalars.ts';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const command = z.union([text, z.array(plain('argument'))], expects('command'));

const env = z.record(keyLike(VARIABLE), plain('envValue'), expects('env'));

export const writtenEnvFile = strictMap('envFile', {
  file: key(text, {
    description:
      'The file, in dotenv syntax; relative to the folder of the stack file, or beginning with `~/`.',
    type: 'path',
    isRequired: true,
    example: '.env.local',
  }),
  optional: key(truth.optional(), {
    description: 'The file may be absent.',
    type: 'true or false',
    default: false,
  }),
  public: key(oneOrMany('texts', text).optional(), {
    description:
      'Variables of the file that are not secret. The values of all others are masked in every output.',
    type: 'variable, or list of variables',
    example: '[NODE_ENV]',
  }),
});

export const writtenRequired = strictMap('requiredVariable', {
  name: key(text, {
    description: 'The variable.',
    type: 'variable',
    isRequired: true,
    example: 'JWT_SECRET',
  }),
  when: key(
    z
      .union([text, z.record(keyLike(VARIABLE), plain('envValue'), expects('when'))], expects('when'))
      .optional(),
    {
      description:
        'Required only while another variable has this value, or has any value where only its name is given.',
      type: 'variable, or map of one variable to its value',
      example: '{ LOGIN: "true" }',
    },
  ),
});

const envFiles = oneOrMany('envFile', z.union([text, writtenEnvFile], expects('envFile')));
const required = oneOrMany('requiredVariable', z.union([text, writtenRequired], expects('requiredVariable')));

/** The keys that say which environment a program gets; the same at the top, in a service and in a job. */
export const environmentKeys = (whose: string) => ({
  env: key(env.optional(), {
    description: `Variables of ${whose}, as they stand: nothing in them is expanded. No place for secrets.`,
    type: 'map from variable to value',
    example: '{ LOG_LEVEL: info }',
  }),
  env_files: key(envFiles.optional(), {
    description: `Files with variables of ${whose}, read at every deploy. Later files win over earlier ones, and each over \`env\`.`,
    type: 'path, [env file](#env-file), or a list of them',
    example: '[.env, { file: .env.local, optional: true }]',
  }),
  required: key(required.optional(), {
    description: `Variables that ${whose} can not do without: nothing starts while one is missing.`,
    type: 'variable, [required variable](#required-variable), or a list of them',
    example: '[DATABASE_URL]',
  }),
});

/** The keys that say how a program is started. */
export const programKeys = (whose: string) => ({
  run: key(command, {
    description:
      'The command: one line, split into words as a shell does but without a shell, or a list of a program and its arguments. `$NAME` and `${NAME}` become variables of the environment, `$$` a dollar.',
    type: 'line, or list',
    isRequired: true,
    example: 'node server.js --port $PORT',
  }),
  shell: key(truth.optional(), {
    description: 'Hand `run` to `/bin/sh -c`: for pipes, `&&`, redirections and patterns.',
    type: 'true or false',
    default: false,
  }),
  ...environmentKeys(whose),
  folder: key(text.optional(), {
    description: `Where ${whose} runs: relative to the release, or absolute.`,
    type: 'path',
    default: '.',
    example: 'apps/web',
  }),
  user: key(text.optional(), {
    description: `The user of the host that ${whose} runs as. Without it, the user of the agent.`,
    type: 'user name',
    example: 'app',
  }),
});
