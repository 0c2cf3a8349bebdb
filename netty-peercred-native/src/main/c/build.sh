#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the JNI library for this machine, and the C test program under the sanitizers.
#   build.sh JAVA_HOME NETTY_JNI_UTIL_DIR OUTPUT_DIR
# CC names the compiler, cc if unset.
set -eu
java_home=$1 jni_util=$2 output=$3
source=$(dirname "$0")
cc=${CC:-cc}

fail() {
    echo "netty-peercred: $*" >&2
    exit 1
}
command -v "$cc" >/dev/null || fail "no C compiler '$cc': install one (Debian: apt-get install gcc libc6-dev) or set CC"
[ -f "$java_home/include/jni.h" ] || fail "no jni.h under $java_home/include: a JRE is not enough, install a JDK"

case $(uname -s) in
    Linux) os=linux ;;
    *) os=unsupported ;;
esac
case $(uname -m) in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch_64 ;;
    *) arch=$(uname -m) ;;
esac
md=$(find "$java_home/include" -name jni_md.h -exec dirname {} \; | head -n 1)
system=$source/peercred_$os.c account=$source/peercred_account.c file=$source/peercred_file.c service=$source/peercred_service.c
warn="-std=c17 -Wall -Wextra -Werror"
build="$output/native/$os-$arch"
library="$output/classes/META-INF/native/libnetty_peercred_${os}_$arch.so"
mkdir -p "$build" "$(dirname "$library")"

# No _FORTIFY_SOURCE: musl lacks the __*_chk functions that it refers to.
set -- -O2 -fPIC -fvisibility=hidden -fstack-protector-strong \
    "-ffile-prefix-map=$source=" "-ffile-prefix-map=$jni_util=" -I"$java_home/include" -I"$md" -I"$jni_util"
"$cc" "$@" -c "$jni_util/netty_jni_util.c" -o "$build/netty_jni_util.o"
# With -flto because every return between the system call and Java costs: processors forget in the kernel where to return to.
"$cc" $warn "$@" -flto -shared -s \
    -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=none \
    "$system" "$account" "$file" "$service" "$source/peercred_jni.c" "$source/peercred_service_jni.c" "$build/netty_jni_util.o" -o "$library"

# The implementation for systems without one compiles everywhere.
"$cc" $warn -I"$source" -fsyntax-only "$source/peercred_unsupported.c"

"$cc" $warn -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -I"$source" \
    "$system" "$account" "$file" "$service" "$source/../../test/c/peercred_file_test.c" "$source/../../test/c/peercred_service_test.c" "$source/../../test/c/peercred_test.c" -o "$build/peercred_test" ||
    fail "the test program does not compile with sanitizers: install those of $cc (Debian has them in gcc; Fedora: dnf install libasan libubsan)"
