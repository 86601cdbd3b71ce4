/**
 * Loaded into a real Electron with `-r`: Electron cannot tell what a tray shows, so what it is told is
 * noted where `electronApplication.evaluate` finds it. The application itself has no test switch.
 */
const { nativeImage, Tray } = require('electron');

const told = { toolTip: '', image: '', menu: null, isThere: false };
const files = new WeakMap();
globalThis.toldTray = told;
process.argv.splice(process.argv.indexOf('-r'), 2);

function listenTo(object, method, listener) {
  const original = object[method];
  object[method] = function (...args) {
    const result = original.apply(this, args);
    listener(args, result);
    return result;
  };
}

listenTo(nativeImage, 'createFromPath', ([file], image) => files.set(image, file));
listenTo(Tray.prototype, 'setToolTip', ([toolTip]) => Object.assign(told, { toolTip }));
listenTo(Tray.prototype, 'setImage', ([image]) => Object.assign(told, { image: files.get(image) }));
listenTo(Tray.prototype, 'setContextMenu', ([menu]) =>
  Object.assign(told, { menu, isThere: true }),
);
