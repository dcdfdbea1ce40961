#!/bin/sh
# Hook of dracut, read while the kernel's command line is: with boot=rootsync the root needs no root=; and dracut alone knows of no root on raw flash.
# shellcheck disable=SC2034,SC2154

if [ "$(getarg boot=)" = rootsync ]; then
  root=rootsync rootok=1
else
  case $root in
    mtd:* | mtd[0-9]* | ubi*) rootok=1 ;;
  esac
fi
