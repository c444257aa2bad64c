import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTable } from './listening-ports.ts';

test('socket table gives the listening sockets when there are others too', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0000000000000000 100 0 0 10 0
`;
  assert.deepEqual(parseTable(table), [
    { address: '127.0.0.1', port: 3000, inode: '4711' },
    { address: '0.0.0.0', port: 8080, inode: '4712' },
  ]);
});

test('socket table gives addresses as they are written before a port when they are IPv6', () => {
  const line = (address: string): string =>
    `   0: ${address}:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1`;
  const table = `header\n${line('00000000000000000000000001000000')}\n${line('00000000000000000000000000000000')}\n`;
  assert.deepEqual(
    parseTable(table).map(({ address }) => address),
    ['[::1]', '[::]'],
  );
});

test('socket table is empty when there is none', () => {
  assert.deepEqual(parseTable(''), []);
});
