import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * A request's body on its way to an instance. It stands between the two because whoever sends it on destroys it when
 * the instance fails, and the request itself, with the client's connection, has to live on for the answer.
 */
export class RequestBody extends Readable {
  readonly #req: IncomingMessage;
  readonly #began: () => void;
  #isTouched = false;

  /** `began` is called once, before the first byte is asked for. */
  constructor(req: IncomingMessage, began: () => void) {
    super();
    this.#req = req;
    this.#began = began;
  }

  /** Whether any of it was asked for; if not, the request can be sent again. */
  get isTouched(): boolean {
    return this.#isTouched;
  }

  override _read(): void {
    if (!this.#isTouched) this.#begin();
    this.#req.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#req.off('data', this.#arrived).off('end', this.#ended).off('close', this.#closed);
    // Flowing without a listener: what still comes is read and dropped, and the client's next request gets its turn.
    if (this.#isTouched) this.#req.resume();
    done(error);
  }

  #begin(): void {
    this.#isTouched = true;
    this.#began();
    this.#req.on('data', this.#arrived).on('end', this.#ended).on('close', this.#closed);
  }

  readonly #arrived = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#req.pause();
  };

  readonly #ended = (): void => {
    this.push(null);
  };

  readonly #closed = (): void => {
    if (!this.#req.complete) this.destroy(new Error('the client went away'));
  };
}
