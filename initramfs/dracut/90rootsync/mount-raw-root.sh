#!/bin/sh
# Hook of dracut that comes before it mounts the root: mounts a root on raw flash, root=mtd:NAME or root=ubi0:NAME, once that is there. UBI, which comes with
# ubifs, takes ubi.mtd= from the command line by itself.
# shellcheck disable=SC1091,SC2154

if [ "$(getarg boot=)" != rootsync ]; then
  case $root in
    mtd:* | mtd[0-9]* | ubi*)
      . /usr/lib/rootsync/boot-in-dracut
      rootsync_read_command_line
      rootsync_wait root "$root" "$NEWROOT" "${rflags:-ro}"
      ;;
  esac
fi
