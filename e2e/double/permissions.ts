/** The double of a session's permissions: a page asks, and what the application answers is told. */

type Handler = (...args: readonly unknown[]) => unknown;

class PermissionsDouble {
  #onRequest: Handler | null = null;
  #onCheck: Handler | null = null;
  #onDevice: Handler | null = null;

  /** Electron's own answer, where the application has set no handler, is yes. */
  readonly setPermissionRequestHandler = (handler: Handler | null): void => {
    this.#onRequest = handler;
  };

  readonly setPermissionCheckHandler = (handler: Handler | null): void => {
    this.#onCheck = handler;
  };

  readonly setDevicePermissionHandler = (handler: Handler | null): void => {
    this.#onDevice = handler;
  };

  readonly ask = (permission: string): readonly boolean[] => {
    let granted = true;
    this.#onRequest?.({}, permission, (answer: boolean) => {
      granted = answer;
    });
    const checked = this.#onCheck?.(null, permission, 'app://bundle') ?? true;
    const device = this.#onDevice?.({ deviceType: 'usb', origin: 'app://bundle' }) ?? true;
    return [granted, checked === true, device === true];
  };
}

export const permissions = new PermissionsDouble();
