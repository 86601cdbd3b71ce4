/** The page's entry: picks the bridge of the host it runs in and hands it to the app. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { choosePageBridge } from './bridge.ts';
import { PageBoundary } from './components/page-boundary.tsx';
import './styles/tokens.css';
import './styles/base.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <PageBoundary>
      <App bridge={choosePageBridge(window)} />
    </PageBoundary>
  </StrictMode>,
);
