/** The token of the status page: the one of the configuration, else the one that is kept in a file. */
import type { Config } from '../../shared/config-schema.ts';

export class PageToken {
  #value: string;
  #kept: string | null;
  readonly #load: () => Promise<string>;

  /** `load` reads the one in the file, or makes one. */
  constructor(auth: Config['auth'], value: string, load: () => Promise<string>) {
    this.#value = value;
    this.#kept = auth.api_key === undefined ? value : null;
    this.#load = load;
  }

  /** The one that opens the doors now. */
  get value(): string {
    return this.#value;
  }

  /** The one of another configuration, as far as it is known without reading a file. */
  of({ api_key }: Config['auth']): string {
    return api_key ?? this.#kept ?? '';
  }

  /** That of this configuration from now on. Rejects when the file cannot be read; then nothing changes. */
  async change({ api_key }: Config['auth']): Promise<void> {
    if (api_key === undefined) this.#kept ??= await this.#load();
    this.#value = api_key ?? this.#kept ?? this.#value;
  }
}
