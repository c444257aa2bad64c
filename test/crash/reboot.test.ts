// K24: the host goes down in the middle of a deploy, all of it at once, and comes up with another boot id. The next agent
// starts what is meant to run, brings the change to its end and says which.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { crashStack } from '../worlds/crash-stack.ts';
import {
  askRoute,
  type CrashStage,
  describeChange,
  openCrashStage,
  processesOfStack,
} from '../worlds/crash-stage.ts';
import { asAfterBoot, whyNoOtherBoot } from '../worlds/other-boot.ts';
import { isWholeProof, writeProof } from '../worlds/proof-report.ts';
import { seededRandom } from '../worlds/seeded-random.ts';

const SEED = Number(process.env.SEED ?? 1);
/** Of about a hundred writes to disk in a deploy. */
const POINTS = isWholeProof ? 12 : 3;
const SLOT = /^web-1-/;

const skip = whyNoOtherBoot() ?? false;

for (const strategy of ['swap', 'recreate']) {
  describe(`K24 a host that goes down, where the strategy is ${strategy},`, { skip }, () => {
    let stage: CrashStage;
    let boots = 0;
    let stranger: Server | null = null;

    before(async () => {
      const name = `reboot-${strategy}`;
      stage = await openCrashStage({ stack: name, files: crashStack(name, `    deploy: ${strategy}`) });
      await stage.ensureAgent();
      await stage.make(stage.deployNext());
      await stage.make(stage.deployNext());
    });
    after(async () => {
      stranger?.close();
      await stage.close();
    });

    const comeUp = async (): Promise<void> => {
      boots += 1;
      const pid = stage.launchAgent(
        asAfterBoot({ folder: stage.folder, boot: boots, hasOwnLoopback: false }),
      );
      await eventually(
        'the agent of this boot answers',
        async () => {
          assert.ok(isRunning(pid), 'it lives');
          return (await stage.agentPid()) === pid;
        },
        30_000,
      );
    };

    const assertWhole = async (release: number | null | undefined): Promise<void> => {
      const found = await eventually(
        'every copy is healthy',
        async () => {
          const { services } = await stage.status();
          const instances = services.flatMap((service) => service.instances);
          return instances.every(({ health }) => health === 'healthy') ? instances : null;
        },
        30_000,
      );
      await eventually('the route answers', async () =>
        (await askRoute(stage)).startsWith(`release ${release} from`),
      );
      assert.deepEqual(
        processesOfStack(stage),
        found.flatMap(({ id }) => [`${id} program`, `${id} shim`]).toSorted(),
        'one process of each copy, and no other',
      );
      assert.equal((await stage.status()).lock.owner, 'free');
    };

    test('comes up with everything that ran, each once', async () => {
      const { release } = await stage.status();
      await stage.cutPower();
      assert.deepEqual(processesOfStack(stage), []);
      await comeUp();
      await assertWhole(release?.id);
    });

    test('in the middle of a deploy comes up with the deploy finished or undone, and says which', async (t) => {
      stage.order({ from: 'insert changes', write: Number.MAX_SAFE_INTEGER, side: 'after' });
      await stage.make(stage.deployNext());
      const writes = stage.takeWrites();
      const points = writes.map((_, at) => at + 1);
      const random = seededRandom(SEED);
      while (points.length > POINTS) points.splice(Math.floor(random() * points.length), 1);
      const ends: string[] = [];
      for (const write of points) {
        const was = (await stage.status()).release?.id;
        const last = (await stage.lastChange()).id;
        const pid = await stage.agentPid();
        stage.order({ from: 'insert changes', write, side: 'after' });
        await stage.submit(stage.deployNext());
        await eventually('the agent dies', () => !isRunning(pid), 60_000);
        await stage.cutPower();
        stage.order(null);
        await comeUp();
        const change = await stage.ended(last + 1);
        t.diagnostic(`down after ${writes[write - 1]}: ${change.state}, ${change.outcome}`);
        assert.match(
          change.outcome ?? '',
          /resumed after the agent was restarted|live/,
          describeChange(change),
        );
        assert.ok(['done', 'failed'].includes(change.state), describeChange(change));
        ends.push(change.state);
        assert.equal(change.error?.notUndone?.length ?? 0, 0, describeChange(change));
        await assertWhole(change.state === 'done' ? change.plan.release.to : was);
      }
      writeProof(`reboots-${strategy}`, {
        seed: SEED,
        writesOfADeploy: writes.length,
        downAfter: points.length,
        finished: ends.filter((end) => end === 'done').length,
        undone: ends.filter((end) => end === 'failed').length,
      });
      const next = await stage.make(stage.deployNext());
      await assertWhole(next!.plan.release.to);
    });

    test('and whose port somebody else was quicker to take runs the rest, says so, and mends when it is free', async () => {
      const { services, release } = await stage.status();
      const web = services
        .flatMap(({ instances }) => instances)
        .find(({ hasTraffic, id }) => hasTraffic && SLOT.test(id))!;
      await stage.cutPower();
      stranger = createServer((socket) => socket.destroy()).listen(web.port!, '127.0.0.1');
      await once(stranger, 'listening');
      await comeUp();
      const words = await eventually(
        'it says what is wrong',
        async () => {
          const now = (await stage.status()).services.flatMap(({ instances }) => instances);
          const one = now.find(({ id }) => id === web.id)!;
          const others = now.filter(({ service }) => service !== 'web');
          return one.restarts > 0 &&
            one.health !== 'healthy' &&
            others.every(({ health }) => health === 'healthy')
            ? one.words
            : null;
        },
        30_000,
      );
      assert.match(words, /exit/);
      await eventually('the doctor says who it is', async () =>
        (await stage.reeve('doctor')).stdout.includes(
          `Port ${web.port} of "${web.id}" of "${stage.name}" belongs to another program`,
        ),
      );
      stranger.close();
      await eventually('it is free', () => !stranger!.listening);
      await assertWhole(release?.id);
    });
  });
}
