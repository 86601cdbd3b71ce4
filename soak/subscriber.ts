/** A subscriber of the event stream that keeps nothing but counts, so that it can listen for days. */
import { type ClientRequest, request } from 'node:http';

/** The events of the soak carry a running number. */
const numbered = /"soak":(\d+)/;

export class Subscriber {
  received = 0;
  duplicated = 0;
  /** The largest number that came. */
  last = 0;
  hasEnded = false;
  readonly #request: ClientRequest;
  #rest = '';

  private constructor(stream: ClientRequest) {
    this.#request = stream;
  }

  /** Resolves when the stream is open. */
  static async open(port: number): Promise<Subscriber> {
    const stream = request({
      host: '127.0.0.1',
      port,
      path: '/supervisor/events',
      headers: { accept: 'text/event-stream' },
      agent: false,
    });
    const subscriber = new Subscriber(stream);
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject);
      stream.once('response', (response) => {
        if (response.statusCode !== 200) reject(new Error(`events: ${response.statusCode}`));
        response.setEncoding('utf8').on('data', (text: string) => subscriber.#read(text));
        response.on('error', () => {});
        response.once('close', () => {
          subscriber.hasEnded = true;
        });
        resolve();
      });
      stream.end();
    });
    return subscriber;
  }

  close(): void {
    this.#request.on('error', () => {});
    this.#request.destroy();
  }

  #read(text: string): void {
    const frames = (this.#rest + text).split('\n\n');
    this.#rest = frames.pop() ?? '';
    for (const frame of frames) {
      const number = Number(numbered.exec(frame)?.[1] ?? 0);
      if (number === 0) continue;
      // Ids increase strictly, so what is not above the last one came twice or out of order.
      if (number <= this.last) this.duplicated += 1;
      else this.received += 1;
      this.last = Math.max(this.last, number);
    }
  }
}
