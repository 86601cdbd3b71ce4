/** The verbs about the configuration file. */

import { configJsonSchema } from '../../../shared/config-json-schema.ts';
import type { ReplyData } from '../../../shared/control-protocol.ts';
import { ConfigInvalid } from '../config/invalid.ts';
import { FailureWithData, type Handlers } from './dispatcher.ts';

/** What the verbs need of the configuration that runs. */
export interface ConfigDesk {
  read(): Promise<ReplyData['GetConfig']>;
  validate(text: string): Promise<ReplyData['ValidateConfig']>;
  /** Throws `config_invalid`, `config_conflict`, `config_unwritable`. */
  save(text: string, baseHash: string): Promise<ReplyData['SaveConfig']>;
  /** Throws `config_invalid`. */
  reload(): Promise<ReplyData['ReloadConfig']>;
  versions(): Promise<ReplyData['ConfigHistory']>;
  /** Throws `not_found`. */
  version(id: string): Promise<ReplyData['ConfigVersion']>;
}

export function configCommands(desk: ConfigDesk) {
  return {
    GetConfig: () => desk.read(),
    ValidateConfig: ({ text }) => desk.validate(text),
    SaveConfig: ({ text, base_hash }) => withProblems(desk.save(text, base_hash)),
    ReloadConfig: () => withProblems(desk.reload()),
    ConfigHistory: () => desk.versions(),
    ConfigVersion: ({ id }) => desk.version(id),
    ConfigSchema: () => ({ schema: configJsonSchema() }),
  } satisfies Partial<Handlers>;
}

/** A refusal tells every problem, so that an editor can show them. */
async function withProblems<Data>(reply: Promise<Data>): Promise<Data> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    throw new FailureWithData(error.code, error.message, { problems: error.problems });
  }
}
