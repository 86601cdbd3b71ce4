/** `pm-supervisor doctor`: what may be wrong. Without a supervisor, what can be seen from outside. */
import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { thisMachine } from '../client/addresses.ts';
import { SupervisorError } from '../client/supervisor-error.ts';
import { judgeAutostart, lookAtAutostart } from '../main/supervisor/config/autostart.ts';
import type { DoctorCheck } from '../shared/control-replies.ts';
import type { Context } from './command.ts';
import type { ExitName } from './exit-codes.ts';
import { programName } from './help.ts';
import type { Style } from './output.ts';
import { plain } from './text-width.ts';
import { configFile } from './token.ts';

const marks: Readonly<Record<DoctorCheck['status'], readonly [mark: string, style: Style]>> = {
  ok: ['✔', 'green'],
  warning: ['▲', 'yellow'],
  problem: ['✖', 'red'],
};

/** Ports and disks are asked; that takes longer than a look into memory. In ms. */
const patienceMs = 30_000;

export async function doctor(context: Context): Promise<ExitName> {
  const { out } = context;
  let checks: readonly DoctorCheck[];
  let runs = true;
  try {
    ({ checks } = await context.client().request('Doctor', {}, { timeoutMs: patienceMs }));
  } catch (error) {
    if (!(error instanceof SupervisorError) || error.code !== 'not_running') throw error;
    runs = false;
    checks = await fromOutside(context, error.message);
  }
  out.result({ checks }, () =>
    checks.flatMap(({ title, status, message, cure }) => {
      const [mark, style] = marks[status];
      const head = `${out.paint(style, mark)} ${title}: ${plain(message)}`;
      return cure === null ? [head] : [head, `  ${out.paint('bold', '→')} ${plain(cure)}`];
    }),
  );
  if (!runs) return 'not_running';
  return checks.some(({ status }) => status === 'problem') ? 'not_well' : 'ok';
}

async function fromOutside(context: Context, why: string): Promise<readonly DoctorCheck[]> {
  const path = configFile(context.configOption, context.env, context.cwd);
  return [
    {
      name: 'supervisor',
      title: 'Supervisor',
      status: 'problem',
      message: why,
      cure: `Start it: ${programName} start --detach`,
    },
    await configCheck(path),
    ...(await leftBehind(path)),
    await autostartCheck(context, path),
  ];
}

async function configCheck(path: string): Promise<DoctorCheck> {
  const about = { name: 'config', title: 'Configuration' } as const;
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) {
    const message = `${path} does not exist yet; the first start writes it.`;
    return { ...about, status: 'ok', message, cure: null };
  }
  const { loadConfig } = await import('../main/supervisor/config/load-config.ts');
  const { problems } = await loadConfig(path);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (errors === 0) return { ...about, status: 'ok', message: `${path} is valid.`, cure: null };
  return {
    ...about,
    status: 'problem',
    message: `${path} has ${errors === 1 ? 'an error' : `${errors} errors`}.`,
    cure: `See where: ${programName} config check`,
  };
}

/** Why it may not run: nothing starts it. */
async function autostartCheck({ env }: Context, configPath: string): Promise<DoctorCheck> {
  const { loadConfig } = await import('../main/supervisor/config/load-config.ts');
  const { config } = await loadConfig(configPath);
  const wantsLoginItem = config?.desktop.login_item ?? false;
  const seen = await lookAtAutostart({ machine: thisMachine(env), configPath, wantsLoginItem });
  return { name: 'autostart', title: 'Start at log-in', ...judgeAutostart(seen) };
}

/** `ports.json` of a supervisor that was killed: old clients take it for a sign of life. */
async function leftBehind(path: string): Promise<readonly DoctorCheck[]> {
  const file = join(dirname(path), 'ports.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return [];
  return [
    {
      name: 'ports_file',
      title: 'ports.json',
      status: 'warning',
      message: `${file} is there although nobody answers: the last supervisor was killed, or hangs.`,
      cure: 'The next start replaces it.',
    },
  ];
}
