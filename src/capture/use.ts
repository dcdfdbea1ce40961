// How an object is used, as the event log calls it.

/**
 * What the kernel was asked that made us capture an object; `companion`: it is needed beside one that was; `add`, `forget`: somebody asked us.
 */
export type Use = 'lookup' | 'open' | 'readlink' | 'mount' | 'companion' | 'add' | 'forget';
