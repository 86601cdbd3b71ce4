/** The configuration editor in a browser, on real files and a real supervisor. */
import { readFile } from 'node:fs/promises';
import { expect, type Page } from 'playwright/test';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';
import { test, whyNoBrowser } from './browser-test.ts';

test.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

let supervisor: RunningSupervisor;
/** The file that each test begins with. */
let original: string;

test.beforeAll(async () => {
  supervisor = await startSupervisor();
  original = `# Written by hand, in two lines:\n# nothing of this may be lost.\n${await supervisor.place.readConfig()}# the end\n`;
});

test.afterAll(async () => {
  await supervisor?.[Symbol.asyncDispose]();
});

/** Puts a file in place and waits until it runs, or does not. */
async function writeConfig(text: string): Promise<void> {
  await supervisor.place.writeConfig(text);
  await supervisor.control({ type: 'ReloadConfig' }).catch(() => {
    // A file that is broken on purpose.
  });
}

async function open(page: Page): Promise<void> {
  await page.goto(supervisor.loginUrl);
  await page.getByRole('link', { name: 'Configuration' }).click();
  await expect(text(page)).toContainText('Written by hand');
}

function text(page: Page) {
  return page.getByRole('textbox', { name: 'Configuration text' });
}

function button(page: Page, name: string) {
  return page.getByRole('button', { name, exact: true });
}

/** Writes lines of their own behind the one that says this. */
async function typeBehind(page: Page, line: string, ...lines: readonly string[]): Promise<void> {
  await text(page).getByText(line, { exact: true }).first().click();
  for (const each of lines) {
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.insertText(each);
  }
}

test.describe('in a browser', () => {
  test.beforeEach(async () => {
    await writeConfig(original);
  });

  test('what is invalid cannot be saved, and is marked at its very word', async ({
    page,
    complaints,
  }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'enabled = "perhaps"');
    await expect(page.locator('.cm-lintRange-error')).toHaveText('"perhaps"');
    const problem = page.getByRole('list', { name: 'Problems' }).getByRole('button');
    await expect(problem).toContainText('dashboard.enabled: expected true or false');
    await expect(page.getByText('1 error: this cannot be saved.')).toBeVisible();
    await expect(button(page, 'Save')).toHaveAttribute('aria-disabled', 'true');

    await button(page, 'Save').click({ force: true });
    await page.keyboard.press('Control+s');
    // One question of our own: a save that was asked for before it would be done by now.
    await supervisor.control({ type: 'WhoAmI' });
    expect(await supervisor.place.readConfig()).toBe(original);
    expect(complaints).toEqual([]);
  });

  test('what is valid is applied at once, and said before and after', async ({ page }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'enabled = false');
    await expect(
      page.getByText(/^Saving will stop Dashboard and leave \d+ alone\.$/),
    ).toBeVisible();
    await page.keyboard.press('Control+s');
    await expect(page.getByText('Saved. Stopped Dashboard.')).toBeVisible();
    expect(await supervisor.place.readConfig()).toBe(
      original.replace('[dashboard]\n', '[dashboard]\nenabled = false\n'),
    );
    await supervisor.until(
      'the dashboard to be gone',
      ({ services }) =>
        !services.some(({ name, state }) => name === 'dashboard' && state === 'ready'),
    );
    await expect(button(page, 'Save')).toHaveAttribute('aria-disabled', 'true');
  });

  test('Cancel asks, and leaves the file as it was', async ({ page }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'enabled = false');
    await button(page, 'Cancel').click();
    await button(page, 'Keep editing').click();
    await expect(text(page)).toContainText('enabled = false');
    await button(page, 'Cancel').click();
    await button(page, 'Discard changes').click();
    await expect(text(page)).not.toContainText('enabled = false');
    await expect(page.getByText('No changes.')).toBeVisible();
    expect(await supervisor.place.readConfig()).toBe(original);
  });

  test('a draft waits while one looks at another view', async ({ page }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'enabled = false');
    await page.getByRole('link', { name: 'Services' }).click();
    await page.getByRole('link', { name: 'Configuration' }).click();
    await expect(text(page)).toContainText('enabled = false');
    expect(await supervisor.place.readConfig()).toBe(original);
  });

  test('W33 comments, CRLF and byte order mark survive a save, byte for byte', async ({ page }) => {
    const windows = `\uFEFF${original.replaceAll('\n', '\r\n')}`;
    await writeConfig(windows);
    await open(page);
    await typeBehind(page, '[dashboard]', 'start_timeout_ms = 20000 # slow machine');
    await button(page, 'Save').click();
    await expect(page.getByText(/^Saved\./)).toBeVisible();
    const written = await readFile(supervisor.place.configPath);
    expect(written).toEqual(
      Buffer.from(
        windows.replace(
          '[dashboard]\r\n',
          '[dashboard]\r\nstart_timeout_ms = 20000 # slow machine\r\n',
        ),
      ),
    );
  });

  test('a file that another program changes is not overwritten before one has decided', async ({
    page,
  }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'start_timeout_ms = 21000');
    const theirs = `${original}# by another program\n`;
    await writeConfig(theirs);
    await expect(page.getByText('The file was changed by another program.')).toBeVisible();
    await expect(button(page, 'Save')).toHaveAttribute('aria-disabled', 'true');
    await page.keyboard.press('Control+s');
    await supervisor.control({ type: 'WhoAmI' });
    expect(await supervisor.place.readConfig()).toBe(theirs);

    await button(page, 'Load it').click();
    await expect(text(page)).toContainText('# by another program');
    await expect(text(page)).not.toContainText('21000');
  });

  test('one own text can be kept against that of another program', async ({ page }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'start_timeout_ms = 22000');
    await writeConfig(`${original}# by another program\n`);
    await button(page, 'Keep mine').click();
    await button(page, 'Save').click();
    await expect(page.getByText(/^Saved\./)).toBeVisible();
    const written = await supervisor.place.readConfig();
    expect(written).toContain('start_timeout_ms = 22000');
    expect(written).not.toContain('by another program');
  });

  test('a broken file opens, and runs once it is mended', async ({ page }) => {
    await writeConfig(original.replace('[dashboard]', '[dashboard'));
    await open(page);
    await expect(page.getByText(/The last good configuration runs/)).toBeVisible();
    await page.getByRole('list', { name: 'Problems' }).getByRole('button').first().click();
    await expect(text(page)).toBeFocused();
    await page.keyboard.press('End');
    await page.keyboard.insertText(']');
    await expect(page.getByRole('list', { name: 'Problems' })).toHaveCount(0);
    await button(page, 'Save').click();
    await expect(page.getByText(/^Saved\./)).toBeVisible();
    expect(await supervisor.place.readConfig()).toBe(original);
    expect((await supervisor.snapshot()).config.running).toBe('file');
  });

  test('an earlier version is compared, put into the editor and saved', async ({ page }) => {
    await writeConfig(original.replace('[dashboard]\n', '[dashboard]\nstart_timeout_ms = 23000\n'));
    await writeConfig(original);
    await open(page);
    await button(page, 'History').click();
    const versions = page.getByRole('list', { name: 'Versions, newest first' }).getByRole('button');
    const old = page.getByRole('dialog').getByText('start_timeout_ms = 23000');
    await expect(versions).not.toHaveCount(0);
    for (const version of await versions.all()) {
      await version.click();
      await expect(version).toHaveAttribute('aria-pressed', 'true');
      if (await old.isVisible()) break;
    }
    await button(page, 'Put into the editor').click();
    await expect(text(page)).toContainText('start_timeout_ms = 23000');
    expect(await supervisor.place.readConfig()).toBe(original);
    await button(page, 'Save').click();
    await expect(page.getByText(/^Saved\./)).toBeVisible();
    expect(await supervisor.place.readConfig()).toContain('start_timeout_ms = 23000');
  });

  test('completion and help come from the schema; Tab leaves the editor', async ({ page }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', '');
    await page.keyboard.type('restart_p');
    const option = page.getByRole('option', { name: /restart_policy/ });
    await expect(option).toBeVisible();
    await expect(page.getByText(/What to do when the process ends by itself/)).toBeVisible();
    await option.click();
    await page.getByRole('option', { name: '"never_restart"' }).click();
    await expect(text(page)).toContainText('restart_policy = "never_restart"');
    await text(page).getByText('restart_policy').hover();
    await expect(page.getByText('Default: "always_restart"')).toBeVisible();

    await text(page).focus();
    await page.keyboard.press('Tab');
    await expect(text(page)).not.toBeFocused();
  });

  test('F8 goes from problem to problem', async ({ page }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'first = 1', 'second = 2');
    await expect(page.locator('.cm-lintRange-warning')).toHaveText(['first', 'second']);
    await page.keyboard.press('Control+Home');
    const line = page.locator('.cm-activeLine');
    await page.keyboard.press('F8');
    await expect(line).toHaveText('first = 1');
    await page.keyboard.press('F8');
    await expect(line).toHaveText('second = 2');
    await page.keyboard.press('Shift+F8');
    await expect(line).toHaveText('first = 1');
  });

  test('who searches stays in the search field, wherever the cursor was', async ({ page }) => {
    await page.setViewportSize({ width: 400, height: 800 });
    await writeConfig(`${original}# ${'long words '.repeat(12)}`);
    await open(page);
    const long = text(page).locator('.cm-line').last();
    // The cursor at the wrap of a line: there CodeMirror moved the focus back to the text.
    await long.scrollIntoViewIfNeeded();
    const { width = 0 } = (await long.boundingBox()) ?? {};
    await long.click({ position: { x: width - 2, y: 8 } });
    await page.keyboard.press('Control+f');
    await page.keyboard.type('dashboard', { delay: 20 });
    await expect(page.getByRole('textbox', { name: 'Find' })).toHaveValue('dashboard');
    await expect(page.getByText('No changes.')).toBeVisible();
  });

  test('what was changed can be seen, and taken back piece by piece', async ({ page }) => {
    await open(page);
    await typeBehind(page, '[dashboard]', 'start_timeout_ms = 24000');
    await button(page, 'Show changes').click();
    await expect(page.locator('.cm-changedLine')).toHaveText('start_timeout_ms = 24000');
    await button(page, 'Revert').click();
    await expect(page.getByText('No changes.')).toBeVisible();
  });
});
