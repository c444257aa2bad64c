// Clients that cost little and hold on to much: they send a byte now and then, or take none, and come again when thrown out.
import { connect, type Socket } from 'node:net';

export type SlowAttack = {
  /** Connections that are open at the moment, by kind. */
  readonly open: () => Readonly<Record<string, number>>;
  readonly stop: () => void;
};

const DRIP_MS = 100;
const AGAIN_MS = 20;

type Kind = {
  readonly count: number;
  /** Sent at once. */
  readonly head: string;
  /** Sent again and again. */
  readonly drip: string;
  /** Takes nothing of what is answered. */
  readonly isDeaf?: boolean;
};

const kindsFor = (host: string): Readonly<Record<string, Kind>> => ({
  'headers without end': { count: 40, head: `GET / HTTP/1.1\r\nHost: ${host}\r\nX-A: `, drip: 'a' },
  'uploads byte by byte': {
    count: 40,
    head: `POST /upload HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\n`,
    drip: 'a',
  },
  'chunks byte by byte': {
    count: 20,
    head: `POST /upload HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    drip: '1\r\na\r\n',
  },
  'downloads that nobody reads': {
    count: 20,
    head: `GET /download?chunks=4000&everyMs=0 HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    // An empty line before the next request is allowed (RFC 9112 section 2.2).
    drip: '\r\n',
    isDeaf: true,
  },
  'connections that say nothing': { count: 100, head: '', drip: '' },
});

export const startSlowAttack = ({
  port,
  host,
}: {
  readonly port: number;
  readonly host: string;
}): SlowAttack => {
  const sockets = new Map<Socket, string>();
  let isOver = false;
  const attack = (name: string, kind: Kind): void => {
    if (isOver) return;
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      sockets.set(socket, name);
      socket.write(kind.head);
    });
    // Whoever is answered, with a no of the edge, comes again on another connection.
    if (kind.isDeaf) socket.pause();
    else socket.on('data', () => socket.destroy());
    const dripping = setInterval(() => socket.writable && socket.write(kind.drip), DRIP_MS);
    // A deaf one hears of its end only when it is written to, so that has to do.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(dripping);
      sockets.delete(socket);
      setTimeout(() => attack(name, kind), AGAIN_MS).unref();
    });
  };
  for (const [name, kind] of Object.entries(kindsFor(host))) {
    for (let one = 0; one < kind.count; one += 1) attack(name, kind);
  }
  return {
    open: () => {
      const counts: Record<string, number> = {};
      for (const name of sockets.values()) counts[name] = (counts[name] ?? 0) + 1;
      return counts;
    },
    stop: () => {
      isOver = true;
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
};
