/** The form apps of the configuration, and how each is started. */
import { resolve } from 'node:path';
import type { Config } from '../../shared/config-schema.ts';
import type { FormAppsOptions } from './forms/form-apps.ts';
import type { LaunchContext } from './launches.ts';
import type { ProcessHost } from './services/process-host.ts';

type Configured = Config['form_apps'][number];

/** Asks the configuration that runs, whenever an app is launched. */
export function formApps(
  context: LaunchContext,
  processes: ProcessHost,
): Pick<FormAppsOptions, 'apps' | 'start'> {
  return {
    apps: () =>
      configured(context.config).map(({ name, timeout_seconds }) => ({
        name,
        timeoutMs: timeout_seconds * 1_000,
      })),
    start: (name, onLine) => {
      const app = configured(context.config).find((each) => each.name === name);
      if (app === undefined) throw new Error(`the form app "${name}" is not configured any more`);
      const { command, args, working_dir, env } = app;
      const workingDir =
        working_dir === undefined ? undefined : resolve(context.folder(working_dir));
      const environment = { ...context.env, ...env };
      return processes.launch({ command, args, workingDir, env: environment }, onLine, 'pipe');
    },
  };
}

/** Those that are on; of the two of the old system, those that have a program. */
function configured(config: Config): readonly Configured[] {
  const { form_apps, brainstorm_gui, approval_gui } = config;
  const old = Object.entries({ brainstorm_gui, approval_gui }).flatMap(([name, app]) =>
    app.command === undefined ? [] : [{ ...app, name, command: app.command }],
  );
  const names = new Set(form_apps.map(({ name }) => name.toLowerCase()));
  return [...form_apps, ...old.filter(({ name }) => !names.has(name))].filter((app) => app.enabled);
}
