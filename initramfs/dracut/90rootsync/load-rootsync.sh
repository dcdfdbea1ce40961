#!/bin/sh
# Hook of dracut that comes before udev: with boot=rootsync the daemon is loaded while udev, and what is plugged in, take their time.
# shellcheck disable=SC1091

if [ "$(getarg boot=)" = rootsync ]; then
  . /usr/lib/rootsync/boot
  rootsync_load_daemon
fi
