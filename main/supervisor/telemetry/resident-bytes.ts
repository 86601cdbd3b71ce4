/**
 * Resident memory of this process, in bytes. Asking needs a file descriptor: null when the process has none left.
 */
export function residentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}
