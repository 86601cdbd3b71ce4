/** The page's entry: picks the bridge of the host it runs in and hands it to the app. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { choosePageBridge } from './bridge.ts';
import { ErrorBoundary } from './components/error-boundary.tsx';
import './styles/tokens.css';
import './styles/base.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <App bridge={choosePageBridge(window)} />
    </ErrorBoundary>
  </StrictMode>,
);
