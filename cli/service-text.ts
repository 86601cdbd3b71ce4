/**
 * The files by which systemd, launchd and Windows' Task Scheduler start the supervisor at log-in. Pure:
 * facts in, text out. None holds a secret: of the environment, only what is named by the caller.
 */

import type { ServiceSystem } from '../main/supervisor/config/autostart.ts';
import { hashOf } from '../main/supervisor/config/content-hash.ts';

export interface ServiceFacts {
  readonly system: ServiceSystem;
  readonly name: string;
  /** The program, absolute, and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** systemd and launchd give a service next to nothing of the user's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** launchd: where what it prints goes. The supervisor has a log of its own. */
  readonly outputFile: string;
  /** Windows: whose log-in counts. */
  readonly user: string;
}

/** What a file is: as this program wrote it, changed since then, or not written by it at all. */
export type Ownership = 'ours' | 'edited' | 'foreign';

/**
 * How long the supervisor may take to stop before it is killed, in s. Its services get 10 s each unless the
 * configuration says otherwise, one layer after the other.
 */
const stopSeconds = 60;

/** How long after a crash it is started again, in s; and how often within which time, before it is left alone. */
const restartSeconds = 5;
const restartBurst = 10;
const restartWindowSeconds = 300;

const description = "Project Memory Supervisor: MCP servers for all of a user's AI clients";

/** The whole file, with the seal by which it is known again. */
export function serviceText(facts: ServiceFacts): string {
  const body = bodies[facts.system](facts);
  return `${body}${sealOf(facts.system, body)}\n`;
}

/** How the file names its command, to be looked for in a file that is there. */
export function commandForm({ system, command }: Pick<ServiceFacts, 'system' | 'command'>): string {
  const [program, ...args] = command;
  switch (system) {
    case 'systemd':
      return [
        unitWord(program),
        ...args.map((each) => unitWord(each).replaceAll('$', '$$$$')),
      ].join(' ');
    case 'launchd':
      return command.map((each) => `    <string>${xml(each)}</string>`).join('\n');
    case 'task':
      return `<Command>${xml(program)}</Command>\n      <Arguments>${xml(args.map(windowsWord).join(' '))}</Arguments>`;
  }
}

/** Reads the seal of a file. */
export function ownershipOf(text: string): Ownership {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  const at = lines.findLastIndex((line) => /pm-supervisor service install, sha256/.test(line));
  const seal = lines[at];
  if (seal === undefined) return 'foreign';
  const body = `${lines.toSpliced(at, 1).join('\n')}\n`;
  return seal.includes(hashOf(body)) ? 'ours' : 'edited';
}

function sealOf(system: ServiceSystem, body: string): string {
  const words = `written by pm-supervisor service install, sha256 ${hashOf(body)}`;
  return system === 'systemd' ? `# ${words}` : `<!-- ${words} -->`;
}

const bodies: Readonly<Record<ServiceSystem, (facts: ServiceFacts) => string>> = {
  systemd: unit,
  launchd: agent,
  task,
};

/** systemd.unit(5), systemd.service(5), systemd.kill(5). */
function unit(facts: ServiceFacts): string {
  const environment = Object.entries(facts.environment).map(
    ([name, value]) => `Environment=${unitWord(`${name}=${value}`)}`,
  );
  return `# To change it: systemctl --user edit ${facts.name}
[Unit]
Description=${description}
StartLimitIntervalSec=${restartWindowSeconds}
StartLimitBurst=${restartBurst}

[Service]
# Not "notify": Node has no Unix datagram sockets to say it on; "pm-supervisor status" tells when all is ready.
Type=exec
ExecStart=${commandForm(facts)}
${environment.map((line) => `${line}\n`).join('')}Restart=on-failure
RestartSec=${restartSeconds}
# The supervisor alone is asked to stop, and stops its services; what is left in the end is killed.
KillMode=mixed
TimeoutStopSec=${stopSeconds}
# That a server ran out of memory is for the supervisor to mend, not a reason to stop everything.
OOMPolicy=continue

[Install]
WantedBy=default.target
`;
}

/** A word of a unit file: quotes and escapes as in C, and no specifiers. */
function unitWord(word: string): string {
  const escaped = word.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('%', '%%');
  return `"${escaped}"`;
}

/** launchd.plist(5). */
function agent(facts: ServiceFacts): string {
  const environment = Object.entries(facts.environment).flatMap(([name, value]) => [
    `    <key>${xml(name)}</key>`,
    `    <string>${xml(value)}</string>`,
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xml(facts.name)}</string>
  <key>ProgramArguments</key>
  <array>
${commandForm(facts)}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${environment.join('\n')}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <!-- After a crash only: whoever stops it means it. -->
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>${restartSeconds}</integer>
  <key>ExitTimeOut</key>
  <integer>${stopSeconds}</integer>
  <!-- People wait for what it serves: no slower disk and processor than for their programs. -->
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>StandardOutPath</key>
  <string>${xml(facts.outputFile)}</string>
  <key>StandardErrorPath</key>
  <string>${xml(facts.outputFile)}</string>
</dict>
</plist>
`;
}

/** Task Scheduler schema 1.2. The user's own rights, at the user's own log-in, without a time limit. */
function task(facts: ServiceFacts): string {
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${xml(description)}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>${xml(facts.user)}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${xml(facts.user)}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      ${commandForm(facts)}
    </Exec>
  </Actions>
</Task>
`;
}

function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** As CommandLineToArgvW reads it; a name of a file holds no quotes. */
function windowsWord(word: string): string {
  return /[\s]/.test(word) ? `"${word}"` : word;
}
