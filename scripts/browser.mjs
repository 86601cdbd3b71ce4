/**
 * Finds a Chromium for the browser tests, and installs one where that takes no question: as root on Debian.
 * Without one the browser tests are skipped, and the reason is said; nothing else depends on it.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { causeIn, run } from './commands.mjs';

const aptTimeoutMs = 10 * 60_000;
const names = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
];
const macPaths = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];
const windowsFolders = ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'];
const windowsPaths = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
];

/**
 * @typedef {object} Machine
 * @property {NodeJS.ProcessEnv} env
 * @property {NodeJS.Platform} platform
 * @property {boolean} isRoot
 * @property {(path: string) => boolean} exists
 */

/** @type {Machine} */
const thisMachine = {
  env: process.env,
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  exists: existsSync,
};

/**
 * The browser's path, or the reason why there is none, with the cure. Never throws.
 * @param {{ machine?: Machine, install: boolean, say: (line: string) => void }} options `install` may use apt-get
 * @returns {Promise<{ path: string } | { missing: string }>}
 */
export async function ensureBrowser({ machine = thisMachine, install, say }) {
  const { env, exists } = machine;
  if (env.CHROMIUM) {
    if (exists(env.CHROMIUM)) return { path: env.CHROMIUM };
    return { missing: `CHROMIUM=${env.CHROMIUM} is no file; set it to a Chromium, or unset it` };
  }
  const present = findBrowser(machine);
  if (present) return { path: present };
  if (!install) return { missing: 'no Chromium was found; set CHROMIUM to the path of one' };
  const why = await installBrowser(machine, say);
  const installed = findBrowser(machine);
  return installed ? { path: installed } : { missing: why ?? howToInstall(machine) };
}

/** @param {Machine} machine */
function findBrowser({ env, platform, exists }) {
  return candidates(env, platform).find(exists);
}

/** @param {NodeJS.ProcessEnv} env @param {NodeJS.Platform} platform */
function candidates(env, platform) {
  if (platform === 'darwin') return macPaths;
  if (platform === 'win32') {
    const folders = windowsFolders
      .map((name) => env[name])
      .filter((folder) => folder !== undefined);
    return folders.flatMap((folder) => windowsPaths.map((path) => `${folder}\\${path}`));
  }
  const folders = [
    '/usr/bin',
    ...(env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
  ];
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

/** @param {Machine} machine @param {(line: string) => void} say @returns {Promise<string | undefined>} why not */
async function installBrowser({ env, platform, isRoot, exists }, say) {
  const hasApt = (env.PATH ?? '')
    .split(delimiter)
    .some((folder) => exists(join(folder, 'apt-get')));
  if (platform !== 'linux' || !isRoot || !hasApt) return undefined;
  say('Installing chromium-headless-shell for the browser tests (apt-get) …');
  const deadline = performance.now() + aptTimeoutMs;
  for (const args of [
    ['update'],
    ['install', '-y', '--no-install-recommends', 'chromium-headless-shell'],
  ]) {
    const ended = await run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
      cwd: '/',
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
      timeoutMs: Math.max(1, deadline - performance.now()),
    });
    if (ended.code === 0) continue;
    const cause = ended.timedOut ? 'not done within 10 minutes' : causeIn(ended.output);
    return `apt-get ${args[0]} failed (${cause}); install a Chromium and set CHROMIUM to its path`;
  }
  return undefined;
}

/** @param {Machine} machine */
function howToInstall({ platform }) {
  const how =
    platform === 'linux'
      ? 'install one (Debian: sudo apt-get install chromium-headless-shell)'
      : 'install Google Chrome';
  return `no Chromium was found; ${how}, or set CHROMIUM to the path of one`;
}
