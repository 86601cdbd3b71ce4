/**
 * A contestant: the supervisor's event room as the product has it, with registry, filters, gap handling,
 * metrics and log, behind a plain server. `server-ours.ts FOLDER SECRET [journal]`: with `journal` it
 * keeps the events in a file in the folder.
 */
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { Histogram, Registry } from 'prom-client';
import { EventRoom } from '../../main/supervisor/events/event-room.ts';
import { createLogger } from '../../main/supervisor/telemetry/logger.ts';
import { defaultConfig } from '../../shared/config-schema.ts';
import { run } from './contestant-process.ts';

const [folder = '.', webhookSecret = '', journal] = process.argv.slice(2);
const registers = [new Registry()];
const histogram = (name: string) => new Histogram({ name, help: name, registers });

const room = new EventRoom({
  settings: { ...defaultConfig.events, journal: journal === 'journal', max_subscribers: 100_000 },
  folder,
  journalThread: resolve(import.meta.dirname, '../../main/supervisor/events/journal-thread.ts'),
  instanceId: 'benchbenchbe',
  webhookSecret,
  metrics: { flushSeconds: histogram('flush'), webhookSeconds: histogram('webhook') },
  // What the journal could not take is reported at the end; the access log costs an event nothing.
  logger: createLogger('fatal', join(folder, 'bench.log')),
  onEvent: () => {},
});
await room.open();

const server = createServer((request, response) => {
  if (request.method === 'POST') room.webhook(request, response);
  else room.sse(request, response);
});

run({
  server,
  publish: (count, message) => {
    for (let published = 0; published < count; published += 1) {
      room.originate({ event_type: 'test', message }, 'bench');
    }
  },
  report: () => {
    const { published, lagged, journal: kept } = room.stats('');
    return { published, lagged, lost: kept.lost, journal: kept.state };
  },
});
