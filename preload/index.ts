/** Gives the page `window.supervisor`, derived from the contract: functions only, never `ipcRenderer` or an event. */
import { contextBridge, ipcRenderer } from 'electron';
import { api, type SupervisorBridge } from '../shared/api.ts';
import { CodedError } from '../shared/errors.ts';
import { callChannel, type Envelope, listenChannel, pushChannel } from './channels.ts';

const bridge: SupervisorBridge = {
  async call(name, argument) {
    const reply: Envelope = await ipcRenderer.invoke(callChannel, name, argument);
    if (!reply.ok) throw new CodedError(reply.code, reply.error);
    return reply.value as never;
  },
  listen(name, listener) {
    if (!Object.hasOwn(api.pushes, name)) throw new CodedError('not_found', `No push "${name}".`);
    const deliver = (_event: unknown, message: unknown) => listener(message as never);
    ipcRenderer.on(pushChannel(name), deliver);
    ipcRenderer.send(listenChannel, name, true);
    return () => {
      ipcRenderer.off(pushChannel(name), deliver);
      if (ipcRenderer.listenerCount(pushChannel(name)) === 0) {
        ipcRenderer.send(listenChannel, name, false);
      }
    };
  },
};

contextBridge.exposeInMainWorld('supervisor', bridge);
