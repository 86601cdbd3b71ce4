/** The entry of the editor's own window. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { choosePageBridge } from '../bridge.ts';
import { PageBoundary } from '../components/page-boundary.tsx';
import { BridgeContext } from '../hooks/use-bridge.ts';
import { ConfigEditor } from './config-editor.tsx';
import '../styles/tokens.css';
import '../styles/base.css';
import styles from './window.module.css';

const root = document.getElementById('root');
if (root === null) throw new Error('config.html has no #root');
createRoot(root).render(
  <StrictMode>
    <PageBoundary>
      <BridgeContext value={choosePageBridge(window)}>
        <main className={styles.window}>
          <ConfigEditor heading="h1" opensFiles onClose={() => window.close()} />
        </main>
      </BridgeContext>
    </PageBoundary>
  </StrictMode>,
);
