/** A process that SIGTERM does not end. */
export const deaf = `trap '' TERM; while :; do sleep 0.2; done`;

/** The six shapes of process trees that escape a naive stop, as shell scripts; each prints `up` when its whole tree stands. */
export const treeShapes: Readonly<Record<string, string>> = {
  'a plain tree': `sh -c 'sleep 100 & sleep 100' & sleep 100 & echo up; wait`,
  'a leader that obeys while its child does not': `sh -c "${deaf}" & trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done`,
  'a child in a session of its own': `setsid sh -c "${deaf}" & echo up; wait`,
  'a daemon that forked twice': `(setsid sh -c 'sleep 100 & exit 0' &) ; sleep 0.2; echo up; sleep 100`,
  'a leader that died first': `sh -c "${deaf}" & echo up; exit 0`,
  'a shell around a shell, as npm makes it': `sh -c "sh -c 'sleep 100'; :"& echo up; wait`,
};
