// Whether the boot tests that take hours are wanted, too: `npm run test:boot -- --full`.

export const FULL = process.env['ROOTSYNC_BOOT_FULL'] === 'yes';
