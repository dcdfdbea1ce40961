#!/bin/sh
# Hook of dracut that mounts the root: with boot=rootsync it runs the boot script of initramfs-tools.
# shellcheck disable=SC1091

if [ "$(getarg boot=)" = rootsync ]; then
  . /usr/lib/rootsync/boot-in-dracut
  mountroot

  # The daemon is to outlive the service that this hook is of.
  if [ -n "${daemon-}" ] && [ -e /sys/fs/cgroup/cgroup.procs ]; then
    echo "$daemon" >/sys/fs/cgroup/cgroup.procs
  fi
fi
