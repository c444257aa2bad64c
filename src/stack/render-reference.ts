import { type KeyFacts, keyFacts } from './schema/scalars.ts';
import { writtenEnvFile, writtenRequired } from './schema/program.ts';
import {
  writtenDependency,
  writtenHealth,
  writtenLimits,
  writtenRoute,
  writtenService,
  writtenStop,
} from './schema/written-service.ts';
import {
  writtenBake,
  writtenJob,
  writtenRetention,
  writtenSource,
  writtenStack,
} from './schema/written-stack.ts';

type Section = {
  readonly title: string;
  readonly intro: string;
  readonly map: { readonly shape: Readonly<Record<string, object>> };
  /** Lines of YAML. */
  readonly example: string;
};

const SECTIONS: readonly Section[] = [
  {
    title: 'The stack',
    intro: 'The keys at the top of the file.',
    map: writtenStack,
    example: `name: shop
env_files: [.env]
required: [DATABASE_URL]
services:
  web:
    run: node server.js
    route: shop.example.com
    health: /up
jobs:
  build: { run: npm ci }
shared: [data]`,
  },
  {
    title: 'Service',
    intro: 'A program that keeps running. Each is an entry of `services`, under its name.',
    map: writtenService,
    example: `services:
  web:
    run: node server.js
    route: shop.example.com
    health: /up
    replicas: 2
    depends_on: [search]
  search:
    run: bin/search --listen 127.0.0.1:$PORT
    port: 7700
    deploy: recreate`,
  },
  {
    title: 'Health',
    intro: 'A path alone is short for `{ http: path }`. One of `http`, `tcp`, `exec` and `log` is the probe.',
    map: writtenHealth,
    example: `health:
  http: /up
  within: 5m
  progress_extends: true`,
  },
  {
    title: 'Route',
    intro:
      '`example.com/api` is short for `{ host: example.com, path: /api }`, and `/api` for `{ path: /api }`.',
    map: writtenRoute,
    example: `route:
  - shop.example.com
  - { host: example.com, path: /shop, strip_path: true }`,
  },
  {
    title: 'Dependency',
    intro: 'A name alone is short for `{ service: name }`.',
    map: writtenDependency,
    example: 'depends_on: [db, { service: api, condition: healthy }]',
  },
  {
    title: 'Stop',
    intro: 'How a service is ended. Whatever is left of it after the grace is killed.',
    map: writtenStop,
    example: 'stop: { signal: SIGINT, grace: 30s }',
  },
  {
    title: 'Limits',
    intro: 'What one instance may use. A driver that can not enforce one of them says so.',
    map: writtenLimits,
    example: 'limits: { memory: 512MB, cpus: 1.5, tasks: 100 }',
  },
  {
    title: 'Job',
    intro: 'A program that runs to its end. Each is an entry of `jobs`, under its name.',
    map: writtenJob,
    example: `jobs:
  build: { run: npm ci && npm run build, shell: true, timeout: 10m }
  migrate: { run: node migrate.js, phase: before }`,
  },
  {
    title: 'Env file',
    intro: 'A path alone is short for `{ file: path }`.',
    map: writtenEnvFile,
    example: 'env_files: [.env, { file: .env.local, optional: true, public: [NODE_ENV] }]',
  },
  {
    title: 'Required variable',
    intro: 'A name alone is short for `{ name: NAME }`.',
    map: writtenRequired,
    example: 'required: [DATABASE_URL, { name: JWT_SECRET, when: { LOGIN: "true" } }]',
  },
  {
    title: 'Source',
    intro: 'A path alone is short for `{ folder: path }`.',
    map: writtenSource,
    example: 'source: { git: git@example.com:shop.git, ref: main }',
  },
  {
    title: 'Retention',
    intro:
      'What is kept of releases and logs. A release that can still be rolled back to is never removed for its age.',
    map: writtenRetention,
    example: 'retention: { releases: 5, logs: 64MB, log_archives: 256MB }',
  },
  {
    title: 'Bake',
    intro: 'A duration alone is short for `{ for: duration }`.',
    map: writtenBake,
    example: 'bake: { for: 30s, max_errors: 2%, min_requests: 50 }',
  },
];

const INTRO = `# The stack file

\`reeve.yaml\` says what runs. \`reeve validate\` checks it, \`reeve init\` writes a first one, and
\`schema/reeve.schema.json\` lets editors complete it.

- **Durations** have a unit: \`500ms\`, \`10s\`, \`5m\`, \`1h\`, \`2d\`.
- **Sizes** have a unit: \`512MB\` is 512 million bytes, \`1GiB\` is 1,073,741,824.
- **Lists** of one item may be written as the item alone.
- **Commands** run without a shell. \`$NAME\` and \`\${NAME}\` become variables of the environment when the program starts,
  and a missing one is refused; \`$$\` is a dollar. What only a shell can do (\`|\`, \`&&\`, \`>\`, \`*\`) needs \`shell: true\`.
- Every program gets \`REEVE_STACK\`, \`REEVE_SERVICE\`, \`REEVE_INSTANCE\`, \`REEVE_RELEASE\`, \`REEVE_SHARED\` (the folder of the
  shared folders) and \`REEVE_NODE\` (the Node that Reeve runs on), and where its service has a port, \`PORT\`.
- **Variables** come, each winning over those before it, from \`env\` and then \`env_files\` at the top of the file, and from
  \`env\` and then \`env_files\` of the service or job.
- YAML anchors and aliases work; merge keys (\`<<\`) and tags do not.
`;

/** The page docs/reference/stack-file.md: every key with its type, default, meaning and an example. */
export const renderReference = (): string => [INTRO, ...SECTIONS.map(renderSection)].join('\n');

const renderSection = ({ title, intro, map, example }: Section): string => {
  const rows = Object.entries(map.shape).map(([key, schema]) => renderRow(key, keyFacts(schema)));
  return `## ${title}

${intro}

\`\`\`yaml
${example}
\`\`\`

| key | type | default | meaning | example |
|---|---|---|---|---|
${rows.join('\n')}
`;
};

const renderRow = (key: string, facts: KeyFacts): string => {
  const fallback = facts.isRequired ? 'required' : facts.default === undefined ? '' : `\`${facts.default}\``;
  const example = facts.example ?? (facts.default === undefined ? null : String(facts.default));
  const cells = [
    `\`${key}\``,
    facts.type,
    fallback,
    facts.description,
    example === null ? '' : `\`${key}: ${example}\``,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
};
