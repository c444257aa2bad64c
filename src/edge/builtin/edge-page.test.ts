import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { edgePage, rawPage } from './edge-page.ts';
import { inodesIn } from './port-holder.ts';

const page = (accept?: string) => edgePage({ reason: 'held-too-long', requestId: 'r1', accept });

describe('a page of the edge', () => {
  it('is JSON for a client that asks for JSON and not for HTML', () => {
    for (const accept of ['application/json', 'application/problem+json, */*']) {
      assert.equal(JSON.parse(page(accept).body).reason, 'held-too-long');
    }
    for (const accept of [undefined, '*/*', 'text/html, application/json'])
      assert.match(page(accept).body, /^<!doctype html>/);
  });

  it('names itself, its reason, the request, and when to try again', () => {
    const { headers } = page();
    for (const [name, value] of [
      ['X-Reeve-Edge', '503 held-too-long'],
      ['X-Request-Id', 'r1'],
      ['Retry-After', '5'],
      ['Cache-Control', 'no-store'],
    ] as const) {
      assert.equal(headers[headers.indexOf(name) + 1], value);
    }
  });

  it('is a whole HTTP message as bytes', () => {
    const [head = '', body] = rawPage(page('application/json')).split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 503 Service Unavailable\r\nConnection: close\r\n/);
    assert.match(head, new RegExp(`Content-Length: ${Buffer.byteLength(body ?? '')}`));
  });
});

describe('the table of sockets', () => {
  it('gives the inodes that listen on a port, and no others', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1BA8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1BA8 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n`;
    assert.deepEqual(inodesIn(table, 7080), ['4711']);
    assert.deepEqual(inodesIn('', 7080), []);
  });
});
