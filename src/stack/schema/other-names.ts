// The words of other tools for what has a name of its own here.
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  run: ['args', 'cmd', 'command', 'entrypoint', 'exec', 'program', 'script', 'start'],
  env: ['environment', 'variables', 'vars'],
  env_files: ['dotenv', 'env_file'],
  required: ['require', 'secrets'],
  folder: ['cwd', 'dir', 'directory', 'path', 'workdir', 'working_dir', 'working_directory'],
  health: ['check', 'health_check', 'healthcheck', 'liveness', 'probe', 'readiness'],
  route: ['domain', 'domains', 'host', 'hostname', 'hosts', 'url'],
  port: ['expose', 'listen'],
  replicas: ['count', 'instances', 'numprocs', 'scale', 'workers'],
  depends_on: ['after', 'links', 'needs', 'requires'],
  deploy: ['deployment', 'strategy', 'update'],
  restart: ['autorestart', 'restart_policy'],
  stop: ['stop_grace_period', 'stop_signal'],
  grace: ['kill_timeout'],
  limits: ['resources'],
  memory: ['mem', 'mem_limit'],
  cpus: ['cpu'],
  tasks: ['pids', 'pids_limit'],
  services: ['apps', 'processes', 'programs'],
  jobs: ['hooks', 'tasks'],
  phase: ['on', 'stage', 'when'],
  shared: ['linked_dirs', 'persistent', 'volumes'],
  git: ['repo', 'repository'],
  ref: ['branch', 'revision', 'tag'],
  http: ['path', 'url'],
  failures: ['retries', 'unhealthy_threshold'],
  passes: ['healthy_threshold'],
  within: ['start_period'],
  for: ['duration'],
};

/** The key of ours, among those known at that place, for a key of another tool; null where there is none. */
export const translateKey = (key: string, known: readonly string[]): string | null =>
  known.find((ours) => {
    const theirs = Object.hasOwn(OTHER_NAMES, ours) ? OTHER_NAMES[ours]! : [];
    return theirs.includes(key.toLowerCase().replaceAll('-', '_'));
  }) ?? null;
