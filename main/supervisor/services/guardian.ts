/**
 * Ends the children when the supervisor dies without a word (kill -9, a crash): a tiny shell process that
 * reads a pipe from us. The pipe ends when we do, however we do; then it sends SIGTERM, shortly after
 * SIGKILL, to the process groups it was told of and to whatever carries our cookie. Measured: every
 * child is gone within a second. Node has nothing like PR_SET_PDEATHSIG; this works on every POSIX
 * system. Windows is left to job objects.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../telemetry/logger.ts';
import { cookieName } from './cookie.ts';

/** Between SIGTERM and SIGKILL, in seconds: the promise is "gone within a second". */
const graceSeconds = '0.5';

/** `+ 123` a group began, `- 123` it ended, `bye` everything was stopped in good order. */
const script = `
groups=
while read -r verb id; do
  case $verb in
    +) groups="$groups $id" ;;
    -) rest=; for group in $groups; do [ "$group" = "$id" ] || rest="$rest $group"; done; groups=$rest ;;
    bye) exit 0 ;;
  esac
done
ours() {
  if [ -d /proc/self ]; then
    grep -lsz "^$1=$2\\." /proc/[0-9]*/environ | sed 's|/proc/\\([0-9]*\\)/environ|\\1|'
  else
    ps -axEww -o pid=,command= | grep " $1=$2\\." | grep -v grep | awk '{ print $1 }'
  fi
}
end() {
  for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null; done
  for pid in $(ours "$2" "$3"); do kill -s "$1" "$pid" 2>/dev/null; done
}
end TERM "$1" "$2"
sleep "$3"
end KILL "$1" "$2"
`;

export class Guardian {
  readonly #child: ChildProcess | null;

  /** `cookie` is that of this run: all its processes' cookies begin with it and a dot. */
  constructor(cookie: string, logger: Logger) {
    this.#child = process.platform === 'win32' ? null : this.#start(cookie, logger);
  }

  /** A process group began. */
  began(group: number): void {
    this.#say(`+ ${group}`);
  }

  /** A process group is empty: its number may soon be somebody else's. */
  ended(group: number): void {
    this.#say(`- ${group}`);
  }

  /** Everything was stopped; there is nothing left to guard. */
  dismiss(): void {
    this.#say('bye');
    this.#child?.stdin?.end();
  }

  #start(cookie: string, logger: Logger): ChildProcess {
    const child = spawn('sh', ['-c', script, 'guardian', cookieName, cookie, graceSeconds], {
      // A session of its own: the Ctrl-C that ends us must not end it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    });
    child.on('error', (error) => {
      logger.error(
        { err: error },
        'no guardian: after a crash of the supervisor services may go on',
      );
    });
    child.stdin.on('error', () => {}); // It is gone; its exit or error says why.
    child.unref();
    return child;
  }

  #say(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }
}
