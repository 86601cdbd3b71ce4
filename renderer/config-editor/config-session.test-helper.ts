/** A bridge to a supervisor that has a configuration file and nothing else; for tests. */
import type { ControlRequest, Reply, ReplyData, RequestOf } from '../../shared/control-protocol.ts';
import type { ConfigProblem } from '../../shared/status.ts';
import { createFakeBridge, type FakeBridge } from '../fixtures/fake-bridge.ts';

export interface FakeConfig {
  readonly bridge: FakeBridge;
  /** What is on the disk. */
  text: string;
  readonly saves: string[];
  /** While set, checks wait; call it to let the oldest one answer. */
  readonly heldChecks: (() => void)[];
  holdsChecks: boolean;
  /** The same for readings of the file, which answer what stood there when they were asked. */
  readonly heldReads: (() => void)[];
  holdsReads: boolean;
  /** What the next request of any kind is refused with. */
  refusal: { readonly code: 'internal' | 'config_invalid'; readonly error: string } | null;
}

/** A text is invalid here when it has the word `wrong`, which the problem stands at. */
export function problemsOf(text: string): readonly ConfigProblem[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const column = line.indexOf('wrong') + 1;
    const place = { line: index + 1, column, endLine: index + 1, endColumn: column + 5 };
    if (column === 0) return [];
    return [{ severity: 'error', message: 'this is wrong', path: '', ...place } as const];
  });
}

export function createFakeConfig(text: string): FakeConfig {
  const bridge = createFakeBridge();
  const fake: FakeConfig = {
    bridge,
    text,
    saves: [],
    heldChecks: [],
    holdsChecks: false,
    heldReads: [],
    holdsReads: false,
    refusal: null,
  };
  bridge.call = async (_name, argument) => {
    const request = argument as ControlRequest;
    bridge.requests.push(request);
    if (request.type === 'ValidateConfig' && fake.holdsChecks) {
      await new Promise<void>((resolve) => fake.heldChecks.push(resolve));
    }
    const reply = answer(fake, request);
    if (request.type === 'GetConfig' && fake.holdsReads) {
      await new Promise<void>((resolve) => fake.heldReads.push(resolve));
    }
    return reply as never;
  };
  return fake;
}

const hashOf = (text: string) => (text === '' ? '' : `hash of ${text}`);

function answer(fake: FakeConfig, request: ControlRequest): Reply {
  if (fake.refusal !== null) return { ok: false, data: null, ...fake.refusal };
  if (request.type === 'GetConfig') {
    return ok<'GetConfig'>({
      path: '/home/me/supervisor.toml',
      text: fake.text,
      hash: hashOf(fake.text),
      running: 'file',
      problems: problemsOf(fake.text),
      restart_needed: [],
    });
  }
  if (request.type === 'ValidateConfig') {
    const problems = problemsOf(request.text);
    const preview = { changes: [], restart_needed: [] };
    return ok<'ValidateConfig'>({ valid: problems.length === 0, problems, preview });
  }
  if (request.type === 'SaveConfig') return save(fake, request);
  return { ok: false, data: null, code: 'unknown_type', error: `no ${request.type} here` };
}

function save(fake: FakeConfig, request: RequestOf<'SaveConfig'>): Reply {
  if (request.base_hash !== hashOf(fake.text)) {
    return { ok: false, data: null, code: 'config_conflict', error: 'The file has changed.' };
  }
  fake.text = request.text;
  fake.saves.push(request.text);
  return ok<'SaveConfig'>({
    path: '/home/me/supervisor.toml',
    hash: hashOf(fake.text),
    applied: { changes: [], restart_needed: [] },
  });
}

function ok<Type extends keyof ReplyData>(data: ReplyData[Type]): Reply {
  return { ok: true, data };
}
