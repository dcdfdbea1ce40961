#!/bin/sh
# Hook of dracut that comes before it mounts the root: mounts a root on raw flash, root=mtd:NAME or root=ubi0:NAME, once that is there. UBI, which comes with
# ubifs, takes ubi.mtd= from the command line by itself.
# shellcheck disable=SC2154

if [ "$(getarg boot=)" != rootsync ]; then
  case $root in
    mtd:* | mtd[0-9]*) rootsync_type=jffs2 ;;
    ubi*) rootsync_type=ubifs ;;
    *) rootsync_type= ;;
  esac
  if [ -n "$rootsync_type" ]; then
    left=30
    while ! mount -t "$rootsync_type" -o "${rflags:-ro}" "$root" "$NEWROOT" 2>/dev/null && [ "$left" -gt 0 ]; do
      left=$((left - 1))
      sleep 1
    done
  fi
fi
