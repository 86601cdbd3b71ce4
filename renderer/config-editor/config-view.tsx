import { ConfigEditor } from './config-editor.tsx';
import styles from './config-view.module.css';

/** The editor as a view of the status page. */
export function ConfigView() {
  return (
    <div className={styles.view}>
      <ConfigEditor heading="h2" opensFiles={window.supervisor !== undefined} onClose={null} />
    </div>
  );
}
