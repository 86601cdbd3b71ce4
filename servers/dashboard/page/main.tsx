import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createApiClient } from './api-client.ts';
import { App } from './app.tsx';
import { LiveConnection } from './live-connection.ts';
import { LiveModel } from './live-model.ts';
import './base.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root.');

const address = new URL('ws', document.baseURI);
address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';

const model = new LiveModel(createApiClient(document.baseURI, (input) => fetch(input)));
const connection = new LiveConnection({
  open: () => new WebSocket(address),
  connected: () => model.connected(),
  lost: () => model.lost(),
  message: (message) => model.receive(message),
});

// A laptop that wakes up should not wait out a back-off that began before it slept.
addEventListener('online', () => connection.tryNow());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') connection.tryNow();
});

createRoot(root).render(
  <StrictMode>
    <App model={model} reconnect={() => connection.tryNow()} />
  </StrictMode>,
);
