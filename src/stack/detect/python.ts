import { type FolderFacts, type Guess, has, NO_GUESS, service } from './facts.ts';
import { guessCommand } from './guess-command.ts';

/** pyproject.toml or requirements.txt: the framework among the dependencies says how the service starts. */
export const guessFromPython = (facts: FolderFacts): Guess | null => {
  const project = facts.contents['pyproject.toml'];
  const requirements = facts.contents['requirements.txt'];
  if (project === undefined && requirements === undefined) return null;
  const words = `${project ?? ''}\n${requirements ?? ''}`.toLowerCase();
  const isDjango = has(facts, 'manage.py');
  return {
    ...NO_GUESS,
    from: project === undefined ? 'requirements.txt' : 'pyproject.toml',
    services: [service('web', guessCommand(webCommand(facts, words)))],
    jobs: [
      { name: 'build', phase: null, ...installCommand(facts) },
      ...(isDjango
        ? [
            {
              name: 'migrate',
              phase: 'before' as const,
              run: '.venv/bin/python manage.py migrate --noinput',
              shell: false,
            },
          ]
        : []),
    ],
    cache: ['.venv'],
    notes:
      /\b(uvicorn|gunicorn|fastapi|flask|django)\b/.test(words) || isDjango
        ? []
        : ['no web framework was recognised: check the command of "web"'],
  };
};

const webCommand = (facts: FolderFacts, words: string): string => {
  const module =
    facts.contents['main.py'] === undefined && facts.contents['app.py'] !== undefined ? 'app' : 'main';
  if (/\b(fastapi|uvicorn|starlette)\b/.test(words)) {
    return `.venv/bin/uvicorn ${module}:app --host 127.0.0.1 --port $PORT`;
  }
  if (has(facts, 'manage.py')) {
    const folder = facts.entries.find(
      (name) => /^[a-z]\w*\/$/.test(name) && !/^(static|templates|tests|docs|data|media)\/$/.test(name),
    );
    return `.venv/bin/gunicorn ${folder?.slice(0, -1) ?? 'config'}.wsgi --bind 127.0.0.1:$PORT`;
  }
  if (/\b(flask|gunicorn)\b/.test(words)) return `.venv/bin/gunicorn ${module}:app --bind 127.0.0.1:$PORT`;
  return `.venv/bin/python ${module}.py`;
};

const installCommand = (facts: FolderFacts) => {
  if (has(facts, 'uv.lock')) return guessCommand('uv sync --frozen --no-dev');
  const install = facts.contents['requirements.txt'] === undefined ? '.' : '-r requirements.txt';
  return guessCommand(`python3 -m venv .venv && .venv/bin/pip install ${install}`);
};
