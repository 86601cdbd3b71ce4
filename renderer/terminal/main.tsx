/** The terminal page's entry. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { PageBoundary } from '../components/page-boundary.tsx';
import { TerminalPage } from './terminal-page.tsx';
import '@xterm/xterm/css/xterm.css';
import '../styles/tokens.css';
import '../styles/base.css';

const root = document.getElementById('root');
if (root === null) throw new Error('terminal.html has no #root');
createRoot(root).render(
  <StrictMode>
    <PageBoundary>
      <TerminalPage />
    </PageBoundary>
  </StrictMode>,
);
