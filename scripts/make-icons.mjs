/**
 * Renders assets/*.svg to assets/generated/ with Chromium: PNGs, Windows .ico files, both for light and
 * for dark panels (assets/tray-colours.json), and for macOS black templates with their @2x. The results are committed; run this after changing a drawing:
 * `node scripts/make-icons.mjs`. Chromium is looked for as in the tests (PM_TEST_CHROMIUM first).
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright';

const assets = join(import.meta.dirname, '..', 'assets');
const generated = join(assets, 'generated');
const appSizes = [16, 24, 32, 48, 64, 256, 512];
/** Windows asks for 16 px at 100 % scale, 20 at 125 %, 24 at 150 %, 32 at 200 % and so on. */
const icoSizes = [16, 20, 24, 32, 40, 48, 64, 256];
const trayIcoSizes = [16, 20, 24, 32, 40, 48, 64];
const healths = ['healthy', 'busy', 'degraded', 'failed'];
const panels = ['light', 'dark'];

function chromiumFile() {
  const candidates = [
    process.env['PM_TEST_CHROMIUM'],
    '/usr/bin/chromium-headless-shell',
    '/usr/bin/chromium',
    chromium.executablePath(),
  ];
  const found = candidates.find((file) => file !== undefined && existsSync(file));
  if (found === undefined) throw new Error('No Chromium: set PM_TEST_CHROMIUM to its file.');
  return found;
}

/** An .ico whose entries are PNGs, which Windows reads since Vista. */
function ico(images) {
  const header = Buffer.alloc(6 + 16 * images.length);
  header.writeUInt16LE(1, 2); // Type: icon.
  header.writeUInt16LE(images.length, 4);
  let offset = header.length;
  images.forEach(({ size, png }, index) => {
    const entry = 6 + 16 * index;
    header.writeUInt8(size % 256, entry); // Width and height; 0 means 256.
    header.writeUInt8(size % 256, entry + 1);
    header.writeUInt16LE(1, entry + 4); // Colour planes.
    header.writeUInt16LE(32, entry + 6); // Bits per pixel.
    header.writeUInt32LE(png.length, entry + 8);
    header.writeUInt32LE(offset, entry + 12);
    offset += png.length;
  });
  return Buffer.concat([header, ...images.map(({ png }) => png)]);
}

/** The drawing in one colour. What a mask says is no colour, but what is seen through it. */
function painted(svg, colour) {
  return svg.replace(/<mask[\s\S]*?<\/mask>|"#[0-9a-f]{6}"/g, (found) =>
    found.startsWith('<mask') ? found : `"${colour}"`,
  );
}

/** macOS draws a template in its own colour: only its alpha counts, and it should be black. */
function template(svg) {
  return painted(svg, '#000000');
}

async function render(page, svg, size) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`,
  );
  return await page.screenshot({ omitBackground: true, type: 'png' });
}

async function renderIco(page, svg, sizes) {
  const images = [];
  for (const size of sizes) images.push({ size, png: await render(page, svg, size) });
  return ico(images);
}

const browser = await chromium.launch({ executablePath: chromiumFile(), args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  const write = (name, bytes) => writeFile(join(generated, name), bytes);
  await rm(generated, { recursive: true, force: true });
  await mkdir(generated, { recursive: true });

  const icon = await readFile(join(assets, 'icon.svg'), 'utf8');
  for (const size of appSizes) await write(`icon-${size}.png`, await render(page, icon, size));
  await write('icon.ico', await renderIco(page, icon, icoSizes));

  const colours = JSON.parse(await readFile(join(assets, 'tray-colours.json'), 'utf8'));
  for (const health of healths) {
    const svg = await readFile(join(assets, `tray-${health}.svg`), 'utf8');
    for (const panel of panels) {
      const drawing = painted(svg, colours[panel][health]);
      await write(`tray-${health}-${panel}-24.png`, await render(page, drawing, 24));
      await write(`tray-${health}-${panel}.ico`, await renderIco(page, drawing, trayIcoSizes));
    }
    await write(`tray-${health}-Template.png`, await render(page, template(svg), 16));
    await write(`tray-${health}-Template@2x.png`, await render(page, template(svg), 32));
  }
} finally {
  await browser.close();
}
