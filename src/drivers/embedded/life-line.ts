import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

export type LifeLineEvents = {
  /** One line that a shim wrote. */
  readonly heard: (line: string) => void;
  /** No process holds the other end any more. Programs may close what they inherit, so this proves nothing. */
  readonly silent: () => void;
};

/**
 * The reading end of a run's FIFO. epoll wakes it, so 300 of them cost nothing while nothing happens. Linux reports no
 * end-of-file before the first writer (pipe(7); poll looks at writers since the open), and a FIFO keeps what was written
 * while no agent read for as long as somebody holds it.
 */
export class LifeLine {
  /** Where the filesystem knows no FIFOs it is a plain file, and somebody has to call `poll`. */
  readonly needsPolling: boolean;
  readonly #events: LifeLineEvents;
  readonly #fd: number;
  readonly #socket: Socket | null;
  #rest = '';
  #offset = 0;
  #isOpen = true;

  constructor(path: string, events: LifeLineEvents) {
    this.#events = events;
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.needsPolling = !fstatSync(this.#fd).isFIFO();
    this.#socket = this.needsPolling ? null : this.#listen();
  }

  /** Reads what a plain file has got since. */
  poll(): void {
    if (!this.needsPolling || !this.#isOpen) return;
    const buffer = Buffer.alloc(4096);
    const length = readSync(this.#fd, buffer, 0, buffer.length, this.#offset);
    this.#offset += length;
    this.#take(buffer.toString('utf8', 0, length));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#socket) this.#socket.destroy();
    else closeSync(this.#fd);
  }

  #listen(): Socket {
    const socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('end', () => this.#fellSilent());
    socket.on('error', () => this.#fellSilent());
    return socket;
  }

  #fellSilent(): void {
    if (!this.#isOpen) return;
    this.close();
    this.#events.silent();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    // A program can write here too; what it writes is bounded, and no line of a shim's.
    this.#rest = lines.pop()!.slice(-1024);
    for (const line of lines) if (this.#isOpen) this.#events.heard(line);
  }
}
