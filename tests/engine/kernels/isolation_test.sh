#!/bin/sh
# Object files of a kernel set may define functions that the linker merges with others' (weak ones) only in the set's own namespace: else
# code for a newer processor could stand in for a function that everybody calls. Arguments: the object files.
set -u
found=$(nm --defined-only -C "$@" | grep -E ' [WVu] ' | grep -vE 'distarray::avx(2|512)::|DW\.ref\.|__odr_asan')
if [ -n "$found" ]; then
  printf 'shared functions in a kernel set:\n%s\n' "$found"
  exit 1
fi
