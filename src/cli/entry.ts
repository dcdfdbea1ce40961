// How this program starts itself again in another role: the words that main.ts knows and --help does not tell.

import { fileURLToPath } from 'node:url';

/** The script to give to node. */
export const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** `mount`: be the daemon, and report over descriptor 3 how the start went. */
export const BACKGROUND_FLAG = '--in-background';

/** `run`: already inside the namespaces that the run needs. */
export const INSIDE_FLAG = '--in-namespace';

/** First word: enter the merged root and become COMMAND (launch.ts). */
export const LAUNCH_WORD = '--launch-in-root';
