#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the C half of the benchmarks for this machine.
#   build.sh JAVA_HOME OUTPUT_DIR
# CC names the compiler, cc if unset.
set -eu
java_home=$1 output=$2
source=$(dirname "$0")
md=$(find "$java_home/include" -name jni_md.h -exec dirname {} \; | head -n 1)
mkdir -p "$output"
# The same optimisation as netty-peercred-native has.
"${CC:-cc}" -std=c17 -Wall -Wextra -Werror -O2 -fPIC -fvisibility=hidden -fstack-protector-strong -shared -s \
    -Wl,-z,relro -Wl,-z,now -I"$java_home/include" -I"$md" "$source/floor.c" -o "$output/libfloor.so"
