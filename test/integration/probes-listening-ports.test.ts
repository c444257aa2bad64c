import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { allListeningPorts, listeningPorts } from '../../src/probes/listening-ports.ts';
import { eventually } from '../worlds/conditions.ts';

const LISTENER = `require('net').createServer().listen(0, process.argv[1])`;

test('listening ports are found when a grandchild behind a shell listens', async () => {
  const line = `"${process.execPath}" -e "${LISTENER}" 127.0.0.1 & wait`;
  const child = spawn('/bin/sh', ['-c', line], { stdio: 'ignore', detached: true });
  try {
    const [found] = await eventually('a port is found', async () => {
      const ports = await listeningPorts(child.pid!);
      return ports.length > 0 && ports;
    });
    assert.equal(found?.address, '127.0.0.1');
    assert.ok(found.port > 1024);
    assert.ok((await allListeningPorts()).includes(found.port));
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
  }
});

test('listening ports are each program’s own when several are asked for at once, and new ones are found later', async () => {
  const start = () =>
    spawn(process.execPath, ['-e', LISTENER, '127.0.0.1'], { stdio: 'ignore', detached: true });
  const children = [start(), start()];
  try {
    const ask = () => Promise.all(children.map(({ pid }) => listeningPorts(pid!)));
    const found = await eventually('both listen', async () => {
      const ports = await ask();
      return ports.every(({ length }) => length === 1) && ports.flat();
    });
    assert.notEqual(found[0]?.port, found[1]?.port);
    children.push(start());
    await eventually('the third listens', async () => (await ask())[2]?.length === 1);
  } finally {
    for (const { pid } of children) process.kill(pid!, 'SIGKILL');
  }
});

test('listening ports are none when the process is gone', async () => {
  const child = spawn('true', { stdio: 'ignore' });
  await new Promise((exited) => child.once('exit', exited));
  assert.deepEqual(await listeningPorts(child.pid!), []);
});
