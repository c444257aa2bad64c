// What the engine does to the host, in order: setup on the left, calls on the right.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';
import { Failure } from '../model/error.ts';
import type { ChangeState } from '../model/change.ts';
import type { PlanRequest } from './plan-request.ts';

const health = { http: '/up' };
const web = { run: 'web', route: 'shop.localhost', health };
const one: Written = { services: { web }, bake: '3s', warm: '10m' };
const quick: Written = { ...one, bake: '0s', warm: '0s' };
const withWeb = (parts: object): Written => ({ ...quick, services: { web: { ...web, ...parts } } });
const worker: Written = { ...quick, services: { worker: { run: 'work' } } };
const jobs: Written = {
  ...quick,
  jobs: {
    install: { run: 'i', phase: 'build' },
    migrate: { run: 'm', phase: 'before' },
    notify: { run: 'n', phase: 'after' },
    report: { run: 'r', phase: 'manual' },
  },
};
const two: Written = {
  ...quick,
  services: {
    web: { ...web, depends_on: [{ service: 'api', condition: 'healthy' }] },
    api: { run: 'api', route: 'shop.localhost/api', health },
  },
};

type Case = {
  readonly given?: (life: SimulatedLife) => unknown;
  readonly when: PlanRequest;
  readonly calls: string;
  readonly end?: ChangeState;
  readonly code?: string;
  readonly outcome: string;
};

/** Deployed as release 1; the next revision is ready. */
const deployed =
  (written: Written, also: (life: SimulatedLife) => unknown = () => {}) =>
  async (life: SimulatedLife): Promise<void> => {
    await life.deploys(written, 'r1');
    life.agent.revision = 'r2';
    await also(life);
  };

const refusing = (service: string) => (life: SimulatedLife) =>
  life.host.gates.set(service, { refuses: 'no answer' });

const failing = (effect: string) => (life: SimulatedLife) => {
  life.host.hook = (name, when) => {
    if (name === effect && when === 'before')
      throw new Failure('driver.failed', `Cannot ${effect}: the disk is full`);
  };
};

const rollback: PlanRequest = { want: 'rollback', stack: 'shop', release: null };
const some = (want: 'restart' | 'start' | 'stop', ...services: string[]): PlanRequest => ({
  want,
  stack: 'shop',
  services,
});
const scale = (replicas: number): PlanRequest => ({ want: 'scale', stack: 'shop', service: 'web', replicas });

const CASES: Readonly<Record<string, Case>> = {
  'a first deploy': {
    when: deployRequest(one),
    calls: 'place 1 | start web-1-blue@1 | gate web-1-blue | site webx1 | ask web | watched web-1-blue',
    outcome: 'Release 1 is live',
  },
  'a second deploy': {
    given: deployed(one),
    when: deployRequest(one),
    calls:
      'place 2 | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web | watched web-1-green | warm web-1-blue',
    outcome: 'Release 2 is live',
  },
  'a deploy that needs the warm seat': {
    given: deployed(one, async (life) => {
      await life.does(deployRequest(one));
      life.agent.revision = 'r3';
    }),
    when: deployRequest(one),
    calls:
      'stop web-1-blue | place 3 | start web-1-blue@3 | gate web-1-blue | flags web.1=blue | ask web | watched web-1-blue | warm web-1-green',
    outcome: 'Release 3 is live',
  },
  'a deploy with jobs': {
    given: deployed(jobs),
    when: deployRequest(jobs),
    calls:
      'place 2 | run install | cache 2 | run migrate | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web | stop web-1-blue | run notify',
    outcome: 'Release 2 is live',
  },
  'a deploy of two services that depend on each other': {
    given: deployed(two),
    when: deployRequest(two),
    calls:
      'place 2 | start api-1-green@2 | gate api-1-green | start web-1-green@2 | gate web-1-green | flags web.1=green,api.1=green | ask web | ask api | stop web-1-blue | stop api-1-blue',
    outcome: 'Release 2 is live',
  },
  'a rolling deploy': {
    given: deployed(withWeb({ deploy: 'rolling', replicas: 2 })),
    when: deployRequest(withWeb({ deploy: 'rolling', replicas: 2 })),
    calls:
      'place 2 | start web-1-green@2 | gate web-1-green | flags web.1=green | stop web-1-blue | start web-2-green@2 | gate web-2-green | flags web.1=green,web.2=green | stop web-2-blue | ask web',
    outcome: 'Release 2 is live',
  },
  'a recreate deploy': {
    given: deployed(withWeb({ deploy: 'recreate' })),
    when: deployRequest(withWeb({ deploy: 'recreate' })),
    calls:
      'place 2 | flags hold:web | stop web-1-blue | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web',
    outcome: 'Release 2 is live',
  },
  'a deploy of a worker': {
    given: deployed(worker),
    when: deployRequest(worker),
    calls: 'place 2 | start worker-1-green@2 | gate worker-1-green | stop worker-1-blue',
    outcome: 'Release 2 is live',
  },
  'a drain that ends in time': {
    given: deployed(quick, (life) => life.host.inFlight.set('web-1-blue', 3)),
    when: deployRequest(quick),
    calls: 'place 2 | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web | stop web-1-blue',
    outcome: 'Release 2 is live',
  },
  'a warm rollback': {
    given: deployed(one, (life) => life.does(deployRequest(one))),
    when: rollback,
    calls: 'unwarm web-1-blue | flags web.1=blue | ask web | warm web-1-green',
    outcome: 'Release 1 is live',
  },
  'a cold rollback': {
    given: deployed(quick, (life) => life.does(deployRequest(quick))),
    when: rollback,
    calls: 'start web-1-blue@1 | gate web-1-blue | flags web.1=blue | ask web | stop web-1-green',
    outcome: 'Release 1 is live',
  },
  'a restart': {
    given: deployed(one),
    when: some('restart'),
    calls: 'start web-1-green@1 | gate web-1-green | flags web.1=green | ask web | stop web-1-blue',
    outcome: 'Restarted all services of release 1',
  },
  'a stop': {
    given: deployed(one),
    when: some('stop', 'web'),
    calls: 'flags closed:web | stop web-1-blue',
    outcome: 'Stopped web',
  },
  'a start after a stop': {
    given: deployed(one, (life) => life.does(some('stop', 'web'))),
    when: some('start', 'web'),
    calls: 'start web-1-blue@1 | gate web-1-blue | flags web.1=blue | ask web',
    outcome: 'Started web of release 1',
  },
  'scaling up': {
    given: deployed(one),
    when: scale(2),
    calls: 'start web-2-blue@1 | gate web-2-blue | site webx2 | ask web',
    outcome: 'Scaled web from 1 to 2 replicas',
  },
  'scaling down': {
    given: deployed(one, (life) => life.does(scale(2))),
    when: scale(1),
    calls: 'site webx1 | stop web-2-blue',
    outcome: 'Scaled web from 2 to 1 replica',
  },
  'taking the last stack down': {
    given: deployed(one),
    when: { want: 'down', stack: 'shop', purge: false },
    calls: 'flags closed:web | stop web-1-blue | site none | forget flags | edge stops',
    outcome: 'Took shop down',
  },
  'taking it down with everything': {
    given: deployed(one),
    when: { want: 'down', stack: 'shop', purge: true },
    calls: 'flags closed:web | stop web-1-blue | site none | forget flags | remove all | edge stops',
    outcome: 'Took shop down and removed its releases, shared folders and logs',
  },
  'a job by hand': {
    given: deployed(jobs),
    when: { want: 'job', stack: 'shop', job: 'report' },
    calls: 'run report',
    outcome: 'Ran the job "report" of release 1',
  },
  'retention of one release': {
    given: deployed({ ...quick, retention: { releases: 1 } }, async (life) => {
      await life.does(deployRequest({ ...quick, retention: { releases: 1 } }));
      life.agent.revision = 'r3';
    }),
    when: deployRequest({ ...quick, retention: { releases: 1 } }),
    calls:
      'place 3 | start web-1-blue@3 | gate web-1-blue | flags web.1=blue | ask web | stop web-1-green | remove 1',
    outcome: 'Release 3 is live',
  },

  'a gate that refuses a first deploy': {
    given: refusing('web'),
    when: deployRequest(one),
    calls: 'place 1 | start web-1-blue@1 | gate web-1-blue refuses | stop web-1-blue | remove 1',
    end: 'failed',
    code: 'gate.never-ready',
    outcome: 'Nothing serves yet; release 1 was taken back',
  },
  'a gate that refuses a second deploy': {
    given: deployed(one, refusing('web@2')),
    when: deployRequest(one),
    calls: 'place 2 | start web-1-green@2 | gate web-1-green refuses | stop web-1-green | remove 2',
    end: 'failed',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a gate that refuses one of two services': {
    given: deployed(two, refusing('web@2')),
    when: deployRequest(two),
    calls:
      'place 2 | start api-1-green@2 | gate api-1-green | start web-1-green@2 | gate web-1-green refuses | stop web-1-green | stop api-1-green | remove 2',
    end: 'failed',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a gate that refuses the second replica of a rolling deploy': {
    given: deployed(withWeb({ deploy: 'rolling', replicas: 2 }), (life) => {
      life.host.hook = (name) => {
        if (name === 'start web-2-green@2') life.host.gates.set('web@2', { refuses: 'no answer' });
      };
    }),
    when: deployRequest(withWeb({ deploy: 'rolling', replicas: 2 })),
    calls:
      'place 2 | start web-1-green@2 | gate web-1-green | flags web.1=green | stop web-1-blue | start web-2-green@2 | gate web-2-green refuses | stop web-2-green | start web-1-blue@1 | gate web-1-blue | flags  | warm web-1-green | stop web-1-green | remove 2',
    end: 'failed',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a gate that refuses a recreate deploy': {
    given: deployed(withWeb({ deploy: 'recreate' }), refusing('web@2')),
    when: deployRequest(withWeb({ deploy: 'recreate' })),
    calls:
      'place 2 | flags hold:web | stop web-1-blue | start web-1-green@2 | gate web-1-green refuses | stop web-1-green | start web-1-blue@1 | gate web-1-blue | flags  | remove 2',
    end: 'failed',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a before job that fails': {
    given: deployed(jobs, (life) => life.host.jobScripts.set('migrate', { exit: 3 })),
    when: deployRequest(jobs),
    calls: 'place 2 | run install | cache 2 | run migrate | end migrate | remove 2',
    end: 'failed',
    code: 'job.failed',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a build job that can not be started': {
    given: deployed(jobs, (life) => life.host.jobScripts.set('install', { failsToStart: 'no such file: i' })),
    when: deployRequest(jobs),
    calls: 'place 2 | run install | end install | remove 2',
    end: 'failed',
    code: 'job.not-started',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a job that takes too long': {
    given: deployed(jobs, (life) => life.host.jobScripts.set('install', { ms: Infinity })),
    when: deployRequest(jobs),
    calls: 'place 2 | run install | end install | end install | remove 2',
    end: 'failed',
    code: 'job.timed-out',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a release that can not be placed': {
    given: deployed(one, failing('place 2')),
    when: deployRequest(one),
    calls: 'remove 2',
    end: 'failed',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'an instance that does not start': {
    given: deployed(one, failing('start web-1-green@2')),
    when: deployRequest(one),
    calls: 'place 2 | stop web-1-green | remove 2',
    end: 'failed',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'an edge that refuses the new routes': {
    given: deployed(one, failing('site webx2')),
    when: scale(2),
    calls: 'start web-2-blue@1 | gate web-2-blue | site webx1 | stop web-2-blue',
    end: 'failed',
    outcome: 'Everything is as it was before',
  },
  'a copy that dies between its gate and the switch': {
    given: deployed(one, (life) => {
      life.host.hook = (name, when) => {
        if (name === 'gate web-1-green' && when === 'after')
          queueMicrotask(() => life.host.processes.delete('web-1-green'));
      };
    }),
    when: deployRequest(one),
    calls:
      'place 2 | start web-1-green@2 | gate web-1-green | flags  | warm web-1-green | stop web-1-green | remove 2',
    end: 'failed',
    code: 'switch.not-running',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'an edge that is answered by nobody new': {
    given: deployed(one, (life) => (life.host.wrongAnswer = true)),
    when: deployRequest(one),
    calls: `place 2 | start web-1-green@2 | gate web-1-green | flags web.1=green | ${'ask web | '.repeat(41)}flags  | warm web-1-green | stop web-1-green | remove 2`,
    end: 'failed',
    code: 'verify.wrong-answer',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'a bake that finds the release bad': {
    given: deployed(one, (life) => life.host.bakes.set(2, 'web.1 ended with exit code 1')),
    when: deployRequest(one),
    calls:
      'place 2 | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web | flags  | warm web-1-green | stop web-1-green | remove 2',
    end: 'failed',
    code: 'bake.bad',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'errors at the edge during the bake': {
    given: deployed(one, (life) => {
      life.host.hook = (name) => {
        if (name === 'flags web.1=green') {
          let asked = 0;
          life.host.errors.set('web-1-green', {
            get requests() {
              return (asked += 1) > 1 ? 100 : 0;
            },
            get errors() {
              return asked > 1 ? 30 : 0;
            },
          });
        }
      };
    }),
    when: deployRequest(one),
    calls:
      'place 2 | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web | flags  | warm web-1-green | stop web-1-green | remove 2',
    end: 'failed',
    code: 'bake.bad',
    outcome: 'Release 1 still serves; release 2 was taken back',
  },
  'an after job that fails': {
    given: deployed(jobs, (life) => life.host.jobScripts.set('notify', { exit: 1 })),
    when: deployRequest(jobs),
    calls:
      'place 2 | run install | cache 2 | run migrate | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web | stop web-1-blue | run notify',
    end: 'failed',
    code: 'job.failed',
    outcome: 'Release 2 is live, but one of the last steps failed',
  },
  'an old copy that can not be stopped': {
    given: deployed(jobs, failing('stop web-1-blue')),
    when: deployRequest(jobs),
    calls:
      'place 2 | run install | cache 2 | run migrate | start web-1-green@2 | gate web-1-green | flags web.1=green | ask web | run notify',
    end: 'failed',
    outcome: 'Release 2 is live, but one of the last steps failed',
  },
  'an undo that fails': {
    given: deployed(one, (life) => {
      refusing('web@2')(life);
      failing('stop web-1-green')(life);
    }),
    when: deployRequest(one),
    calls: 'place 2 | start web-1-green@2 | gate web-1-green refuses | remove 2',
    end: 'failed',
    outcome: 'Release 1 still serves; release 2 was taken back; not everything could be undone',
  },
  'a restart whose gate refuses': {
    given: deployed(one, refusing('web')),
    when: some('restart'),
    calls: 'start web-1-green@1 | gate web-1-green refuses | stop web-1-green',
    end: 'failed',
    outcome: 'Everything is as it was before',
  },
  'a warm copy that died before the rollback': {
    given: deployed(one, async (life) => {
      await life.does(deployRequest(one));
      life.host.processes.delete('web-1-blue');
    }),
    when: rollback,
    calls:
      'stop web-1-blue | start web-1-blue@1 | gate web-1-blue | flags web.1=blue | ask web | watched web-1-blue | warm web-1-green',
    outcome: 'Release 1 is live',
  },
};

describe('the engine', () => {
  for (const [title, { given, when, calls, end = 'done', code, outcome }] of Object.entries(CASES)) {
    test(`does this for ${title}`, async () => {
      const life = new SimulatedLife();
      await given?.(life);
      life.host.calls.length = 0;
      const change = await life.does(when);
      assert.equal(life.host.calls.join(' | '), calls);
      assert.equal(change.state, end, JSON.stringify(change.error));
      assert.equal(change.outcome, outcome);
      if (code) assert.equal(change.error?.code, code);
      assert.equal(life.host.store.lock.read('shop').owner, 'free');
      assert.deepEqual(life.host.problems, []);
    });
  }
});
