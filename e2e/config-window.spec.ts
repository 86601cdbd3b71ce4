/** The configuration editor's window on the desktop: from the tray, and gone without a trace. */
import { readFile } from 'node:fs/promises';
import { expect, type Page } from 'playwright/test';
import { backendName } from './backends.ts';
import type { DesktopApp } from './desktop-app.ts';
import { sharedDesktop, snapshotThrough, test } from './desktop-fixture.ts';

async function editorOf(app: DesktopApp): Promise<Page> {
  await app.clickMenu('Edit Config');
  await expect.poll(async () => (await app.pageAt('config.html')) !== null).toBe(true);
  const page = await app.pageAt('config.html');
  if (page === null) throw new Error('There is no editor.');
  await expect(text(page)).toContainText('[dashboard]');
  return page;
}

function text(page: Page) {
  return page.getByRole('textbox', { name: 'Configuration text' });
}

async function fileOf(page: Page): Promise<string> {
  return await readFile((await snapshotThrough(page)).config.path, 'utf8');
}

async function type(page: Page, line: string): Promise<void> {
  await text(page).getByText('[dashboard]', { exact: true }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.insertText(line);
}

/** Presses Cancel, gives up what was typed, and waits until the window is gone. */
async function discard(app: DesktopApp, page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await expect.poll(async () => await app.pageAt('config.html')).toBeNull();
}

test.describe(`on ${backendName()}`, () => {
  const desktop = sharedDesktop();

  test('the tray opens the editor, which saves', async () => {
    const { app } = desktop();
    const page = await editorOf(app);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    const before = await fileOf(page);
    await type(page, 'enabled = "perhaps"');
    await expect(page.getByText('1 error: this cannot be saved.')).toBeVisible();
    await page.keyboard.press('Control+z');
    await type(page, 'start_timeout_ms = 20000');
    await page.keyboard.press('Control+s');
    await expect(page.getByText(/^Saved\./)).toBeVisible();
    expect(await fileOf(page)).toBe(
      before.replace('[dashboard]\n', '[dashboard]\nstart_timeout_ms = 20000\n'),
    );
    expect(complaints).toEqual([]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(async () => await app.pageAt('config.html')).toBeNull();
  });

  test('a second wish to edit finds the window that is open, with what was typed', async () => {
    const { app } = desktop();
    await type(await editorOf(app), '# a thought');
    const page = await editorOf(app);
    await expect(text(page)).toContainText('# a thought');
    await discard(app, page);
  });

  test('Cancel asks, closes the window and leaves the file as it was', async () => {
    const { app } = desktop();
    const page = await editorOf(app);
    const before = await fileOf(page);
    const { path } = (await snapshotThrough(page)).config;
    await type(page, 'enabled = false');
    await discard(app, page);
    expect(await readFile(path, 'utf8')).toBe(before);
    // The program runs on, and opens it again.
    await expect(text(await editorOf(app))).not.toContainText('enabled = false');
  });

  test('a window with unsaved changes does not hold up the end of the program', async () => {
    const { app } = desktop();
    await type(await editorOf(app), 'enabled = false');
    app.signal('SIGTERM');
    expect(await app.exited).toBe(0);
  });
});
