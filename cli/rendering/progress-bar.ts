/** How far a download has come, on one line. */
const WIDTH = 30;

export function progressBar(doneBytes: number, bytes: number): string {
  const share = bytes === 0 ? 1 : Math.min(1, doneBytes / bytes);
  const full = Math.floor(share * WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${percent} %  ${megabytes(doneBytes)} of ${megabytes(bytes)}`;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
