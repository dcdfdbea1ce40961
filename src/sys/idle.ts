// How deep idle processors sleep. An idle processor of a virtual machine leaves it, and its hypervisor has to be called to bring it back: 10 to 30 us.
// A guest's kernel that has the driver for it can let it wait inside instead, as long as somebody asks for no latency at all. (PM QoS: Linux'
// Documentation/power/pm_qos_interface.rst.) Of real processors the kernel knows what their states cost, and decides by itself.

import { cpus } from 'node:os';
import { asBytes } from '../bytes.ts';
import { AT_FDCWD } from './at.ts';
import { read, write } from './io.ts';
import { close, O_RDONLY, O_WRONLY, openFollow } from './open.ts';

const LATENCY_DEVICE = asBytes('/dev/cpu_dma_latency');
const DRIVER = asBytes('/sys/devices/system/cpu/cpuidle/current_driver');
const DRIVER_ROOM = 64;
/** The driver of guests whose idle processors can wait inside. */
const GUEST_DRIVER = 'haltpoll';
/** All idle processors follow a request, and each takes time that the hypervisor could give to others: not where there are many. */
const MOST_PROCESSORS = 4;

/** us; the kernel's value for a request that asks for nothing. */
const ANY_LATENCY = 2_000_000_000;

/** A request to the kernel about idle processors. It ends with the process: its descriptor is never closed. */
export class IdleProcessors {
  readonly #fd: number;
  readonly #latency = Buffer.alloc(4);

  /** Where it would be of no use, or is not allowed, `wait` does nothing. */
  constructor(driver = idleDriver(), processors = driver === GUEST_DRIVER ? cpus().length : 0) {
    const isUseful = driver === GUEST_DRIVER && processors > 1 && processors <= MOST_PROCESSORS;
    this.#fd = isUseful ? openFollow(AT_FDCWD, LATENCY_DEVICE, O_WRONLY) : -1;
  }

  /** From now on idle processors wait, and go on at once; or `on` is false: they sleep as always. */
  wait(on: boolean): void {
    if (this.#fd < 0) return;
    this.#latency.writeInt32LE(on ? 0 : ANY_LATENCY);
    write(this.#fd, this.#latency, 0, this.#latency.length);
  }
}

/** The name of the kernel's cpuidle driver; empty: there is none, or it cannot be read. */
function idleDriver(): string {
  const fd = openFollow(AT_FDCWD, DRIVER, O_RDONLY);
  if (fd < 0) return '';
  const name = Buffer.alloc(DRIVER_ROOM);
  const size = read(fd, name, 0, DRIVER_ROOM);
  close(fd);
  return name.toString('latin1', 0, Math.max(0, size)).trim();
}
