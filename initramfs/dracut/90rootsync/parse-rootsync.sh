#!/bin/sh
# Hook of dracut, read while the kernel's command line is: with boot=rootsync the root needs no root=.

if [ "$(getarg boot=)" = rootsync ]; then
  # shellcheck disable=SC2034
  root=rootsync rootok=1
fi
