import { type FolderFacts, type Guess, has, NO_GUESS, service } from './facts.ts';
import { guessCommand, guessName } from './guess-command.ts';

/** go.mod: one build, one binary that is named after the module. */
export const guessFromGo = (facts: FolderFacts): Guess | null => {
  const text = facts.contents['go.mod'];
  if (text === undefined) return null;
  const path = /^module\s+"?([^\s"]+)/m.exec(text)?.[1] ?? 'app';
  const parts = path.split('/').filter((part) => !/^v[0-9]+$/.test(part));
  const name = guessName(parts.at(-1) ?? '') ?? 'app';
  const hasMain = has(facts, 'main.go');
  return {
    ...NO_GUESS,
    from: 'go.mod',
    services: [
      service('web', guessCommand(`bin/${name}`), {
        comment: 'It has to listen on 127.0.0.1, on the port that $PORT says.',
      }),
    ],
    jobs: [
      {
        name: 'build',
        phase: null,
        ...guessCommand(`go build -o bin/${name} ${hasMain ? '.' : `./cmd/${name}`}`),
      },
    ],
    notes: hasMain ? [] : [`no main.go is here: check that the program is in ./cmd/${name}`],
  };
};

/** Gemfile: Rails or any Rack program behind puma. */
export const guessFromRuby = (facts: FolderFacts): Guess | null => {
  const text = facts.contents.Gemfile;
  if (text === undefined) return null;
  const isRails = /^\s*gem\s+["']rails["']/m.test(text);
  const hasSidekiq = /^\s*gem\s+["']sidekiq["']/m.test(text);
  const rails = isRails ? { RAILS_ENV: 'production' } : { RACK_ENV: 'production' };
  const build = 'bundle config set --local path vendor/bundle && bundle install';
  return {
    ...NO_GUESS,
    from: 'Gemfile',
    services: [
      service('web', guessCommand('bundle exec puma --bind tcp://127.0.0.1:$PORT'), { env: rails }),
      ...(hasSidekiq ? [service('worker', guessCommand('bundle exec sidekiq'), { env: rails })] : []),
    ],
    jobs: [
      {
        name: 'build',
        phase: null,
        ...guessCommand(isRails ? `${build} && bin/rails assets:precompile` : build),
      },
      ...(isRails
        ? [{ name: 'migrate', phase: 'before' as const, run: 'bin/rails db:migrate', shell: false }]
        : []),
    ],
    cache: ['vendor/bundle'],
  };
};
