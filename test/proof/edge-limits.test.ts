// How large a request may be, and what a header field may be called, at the door of the builtin edge. What parsers could
// read in two ways is in integration/edge-smuggling.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../worlds/conditions.ts';
import { type EdgeStand, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

const MB = 1_000_000;
/** Buffers of what is on its way, and what is not collected yet; of 600 and 800 MB. */
const GROWTH_MB = 200;
const CHUNK = Buffer.alloc(65_536, 'x');

describe('the builtin edge', () => {
  let stand: EdgeStand;
  before(async () => {
    stand = await openEdgeStand();
  });
  after(() => stand.close());

  const rssMb = async (): Promise<number> => ((await stand.edge.metrics())?.rssBytes ?? NaN) / MB;

  const upload = (bytes: number): { readonly answered: Promise<number>; readonly sent: () => number } => {
    let sent = 0;
    const answered = new Promise<number>((resolve, reject) => {
      const req = request(
        {
          host: '127.0.0.1',
          port: stand.port,
          method: 'POST',
          headers: { host: STAND_HOST, 'content-length': bytes },
          agent: false,
        },
        (res) => {
          res.resume();
          res.on('end', () => resolve(res.statusCode ?? 0));
        },
      );
      req.on('error', reject);
      const more = (): void => {
        while (sent < bytes) {
          const next = CHUNK.subarray(0, Math.min(CHUNK.length, bytes - sent));
          sent += next.length;
          if (!req.write(next)) return void req.once('drain', more);
        }
        req.end();
      };
      more();
    });
    return { answered, sent: () => sent };
  };

  test('passes a body of any size to an instance that takes it slowly, and keeps next to nothing of it', async (t) => {
    let received = 0;
    await stand.serve((req, res) => {
      req.on('data', (chunk: Buffer) => {
        received += chunk.length;
        req.pause();
        setImmediate(() => req.resume());
      });
      req.on('end', () => res.end());
    });
    const before = await rssMb();
    const { answered } = upload(600 * MB);
    let most = 0;
    let isOver = false;
    const watched = (async () => {
      while (!isOver) {
        most = Math.max(most, await rssMb());
        await sleep(50);
      }
    })();
    assert.equal(await answered.finally(() => (isOver = true)), 200);
    await watched;
    t.diagnostic(`${Math.round(before)} MB before, ${Math.round(most)} MB at most`);
    assert.equal(received, 600 * MB);
    assert.ok(most - before < GROWTH_MB, `grew by ${most - before} MB`);
  });

  test('takes next to nothing of two hundred large uploads that wait', async (t) => {
    await stand.serve((req, res) => {
      let bytes = 0;
      req.on('data', (chunk: Buffer) => (bytes += chunk.length));
      req.on('end', () => res.end(String(bytes)));
    });
    const before = await rssMb();
    await stand.flag([], ['web']);
    const uploads = Array.from({ length: 200 }, () => upload(4 * MB));
    await eventually('all wait', async () => (await stand.edge.metrics())?.waiting === 200);
    const waiting = await rssMb();
    t.diagnostic(`${Math.round(before)} MB before, ${Math.round(waiting)} MB with 800 MB on their way`);
    assert.ok(waiting - before < GROWTH_MB, `grew by ${waiting - before} MB`);
    await stand.flag([]);
    const statuses = await Promise.all(uploads.map(({ answered }) => answered));
    assert.deepEqual(new Set(statuses), new Set([200]));
  });

  test('takes a header of 800 fields, and refuses a larger one in any shape', async () => {
    let fields = 0;
    await stand.serve((req, res) => {
      fields = req.rawHeaders.length / 2;
      res.end('ok');
    });
    const head = `Host: ${STAND_HOST}\r\nConnection: close\r\n`;
    const many = (count: number): string =>
      Array.from({ length: count }, (_, at) => `X-${at}: ${'v'.repeat(8)}\r\n`).join('');
    assert.match(await stand.raw(`GET / HTTP/1.1\r\n${head}${many(800)}\r\n`), /^HTTP\/1\.1 200 /);
    assert.ok(fields >= 800, `${fields} fields`);
    for (const [what, bytes] of Object.entries({
      'one long value': `X-A: ${'a'.repeat(40_000)}\r\n`,
      'one long name': `${'X'.repeat(40_000)}: a\r\n`,
      'many short fields': many(5000),
      'the same field again and again': 'X-A: b\r\n'.repeat(10_000),
      'many cookies': `Cookie: ${'a=b; '.repeat(10_000)}\r\n`,
    })) {
      fields = 0;
      const answer = await stand.raw(`GET / HTTP/1.1\r\n${head}${bytes}\r\n`);
      assert.match(answer, /^HTTP\/1\.1 431 /, what);
      assert.equal(fields, 0, what);
    }
  });

  test('refuses chunks whose extensions are larger than they, and trailers without end', async () => {
    let whole = 0;
    await stand.serve((req, res) => {
      req.resume();
      req.on('end', () => {
        whole += 1;
        res.end('ok');
      });
    });
    const head = `POST / HTTP/1.1\r\nHost: ${STAND_HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const [what, bytes] of Object.entries({
      'a long extension': `1;${'a'.repeat(100_000)}\r\na\r\n0\r\n\r\n`,
      'long trailers': `1\r\na\r\n0\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`,
      'a length beyond all numbers': 'fffffffffffffffff\r\na\r\n0\r\n\r\n',
    })) {
      const answer = await stand.raw(head + bytes);
      assert.match(answer, /^HTTP\/1\.1 4\d\d /, what);
      assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1, what);
    }
    assert.equal(whole, 0);
  });

  test('lets nobody say in other letters what only the edge says', async () => {
    await stand.serve((req, res) => void res.end(JSON.stringify(req.rawHeaders)));
    // CGI, WSGI and Rack turn "-" into "_", and then nobody can tell the two apart.
    const spoofs = [
      'X_Forwarded_For',
      'x_forwarded_proto',
      'X-Forwarded_Host',
      'x_real-ip',
      'X_REQUEST_ID',
      'Content_Length',
      'transfer_encoding',
      'X_Forwarded_Prefix',
      'x_reeve_ask',
    ];
    const { body } = await stand.call({
      headers: { ...Object.fromEntries(spoofs.map((name) => [name, '6.6.6.6'])), x_own_field: 'kept' },
    });
    const raw = JSON.parse(body) as readonly string[];
    assert.deepEqual(
      raw.filter((text) => text === '6.6.6.6'),
      [],
      body,
    );
    assert.ok(raw.includes('x_own_field'));
  });

  test('lets nobody take from the instance what the edge says, by calling it the business of one connection', async () => {
    await stand.serve((req, res) => void res.end(JSON.stringify(req.headers)));
    const { body } = await stand.call({
      headers: {
        connection:
          'keep-alive, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Request-Id, Host, Via',
      },
    });
    const seen = JSON.parse(body) as Readonly<Record<string, string>>;
    assert.deepEqual(
      [seen['x-forwarded-for'], seen['x-forwarded-proto'], seen['x-forwarded-host'], seen.host],
      ['127.0.0.1', 'http', STAND_HOST, STAND_HOST],
    );
    assert.ok(seen['x-request-id']);
  });
});
