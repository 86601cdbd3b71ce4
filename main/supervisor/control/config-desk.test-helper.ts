/** For tests: a configuration that is only text. */

import { CodedError } from '../../../shared/errors.ts';
import { hashOf } from '../config/content-hash.ts';
import { ConfigInvalid } from '../config/invalid.ts';
import { parseConfig } from '../config/load-config.ts';
import type { ConfigDesk } from './config-commands.ts';

export class FakeConfigDesk implements ConfigDesk {
  text = '[mcp]\nport = 3457\n';
  readonly #applied = { changes: [], restart_needed: [] };

  async read() {
    const { problems } = parseConfig(this.text);
    const file = { path: '/tmp/supervisor.toml', text: this.text, hash: hashOf(this.text) };
    return { ...file, running: 'file' as const, problems, restart_needed: [] };
  }

  async validate(text: string) {
    const { config, problems } = parseConfig(text);
    return { valid: config !== null, problems, preview: this.#applied };
  }

  async save(text: string, baseHash: string) {
    const { config, problems } = parseConfig(text);
    if (config === null) throw new ConfigInvalid(problems);
    if (baseHash !== hashOf(this.text)) throw new CodedError('config_conflict', 'It was changed.');
    this.text = text;
    return { path: '/tmp/supervisor.toml', hash: hashOf(text), applied: this.#applied };
  }

  async reload() {
    const { config, problems } = parseConfig(this.text);
    if (config === null) throw new ConfigInvalid(problems);
    return { hash: hashOf(this.text), applied: this.#applied };
  }

  async versions() {
    const { text } = this;
    return {
      versions: [
        { id: 'one', at: '2026-01-01T12:00:00.000Z', bytes: text.length, hash: hashOf(text) },
      ],
    };
  }

  async version(id: string) {
    if (id !== 'one') throw new CodedError('not_found', 'There is no such version.');
    return { id, at: '2026-01-01T12:00:00.000Z', text: this.text };
  }
}
