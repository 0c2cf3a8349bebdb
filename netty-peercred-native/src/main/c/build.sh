#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the JNI library and the self-test for this machine, and the C test programs under the sanitizers; with "all", the
# library and the self-test of every platform in the list below, by Zig, which carries the headers of each.
#   build.sh JAVA_HOME NETTY_JNI_UTIL_DIR OUTPUT_DIR this|all
# CC names the compiler, with arguments if need be, cc if unset; ZIG names zig 0.17.0.
set -eu
java_home=$1 jni_util=$2 output=$3 what=$4
source=$(dirname "$0")
cc=${CC:-cc}
zig_version=0.17.0

# What a platform is called here, and the target's name at Zig: the oldest systems that the library is to load on.
platforms='
linux-x86_64    x86_64-linux-gnu.2.17
linux-aarch_64  aarch64-linux-gnu.2.17
linux-riscv64   riscv64-linux-gnu.2.27
darwin-x86_64   x86_64-macos.11.0
darwin-aarch_64 aarch64-macos.11.0
freebsd-x86_64  x86_64-freebsd.14.0
freebsd-aarch_64 aarch64-freebsd.14.0
netbsd-x86_64   x86_64-netbsd.10.1
netbsd-aarch_64 aarch64-netbsd.10.1
openbsd-x86_64  x86_64-openbsd
openbsd-aarch_64 aarch64-openbsd
'

# What every library is made of beside its system's own files.
shared_units='peercred_socket peercred_decode peercred_account peercred_file'
bridge_units='peercred_jni peercred_service_jni'

fail() {
    echo "netty-peercred: $*" >&2
    exit 1
}
[ -f "$java_home/include/jni.h" ] || fail "no jni.h under $java_home/include: a JRE is not enough, install a JDK"
md=$(find "$java_home/include" -name jni_md.h -exec dirname {} \; | head -n 1)
warn="-std=c17 -Wall -Wextra -Werror"

# library SYSTEM-ARCH: the name of its file
library() {
    suffix=so
    [ "${1%%-*}" != darwin ] || suffix=dylib
    echo "libnetty_peercred_$(echo "$1" | sed 's/-/_/').$suffix"
}

# units_of SYSTEM: its own files, or those that stand in where it has none
units_of() {
    for room in peercred_ peercred_service_; do
        [ -f "$source/$room$1.c" ] && printf '%s ' "$room$1" || printf '%s ' "${room}unsupported"
    done
}

# build SYSTEM-ARCH COMPILER...: compiles the objects of which both the library and the self-test are made.
# jni.h is the same for every system, and jni_md.h, of the building machine's, says for 64-bit Unixes that jint is int, jlong
# 64 bits long and that JNIEXPORT makes a symbol visible, which holds for all of them.
build() {
    platform=$1
    shift
    system=${platform%%-*}
    system_units=$(units_of "$system")
    directory=$output/native/$platform
    file=$output/classes/META-INF/native/$(library "$platform")
    mkdir -p "$directory" "$(dirname "$file")"
    # No _FORTIFY_SOURCE: musl lacks the __*_chk functions that it refers to.
    compile="-O2 -fPIC -fvisibility=hidden" guard=-fstack-protector-strong
    # -flto because every return between the system call and Java costs: processors forget in the kernel where to return to.
    lto=-flto
    link="-s -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=none"
    shared="-shared -ldl"
    case $platform in
        darwin-*) # Zig's linker for it has no LTO
            lto='' link=-s shared="-dynamiclib -Wl,-install_name,@rpath/$(library "$platform")" ;;
        openbsd-*) # a library names no libc, whose version changes by release; the guard of the stack is in start-up code
            guard=-fno-stack-protector ;;
        freebsd-* | netbsd-*)
            shared=-shared ;;
        linux-aarch_64) # the guard of the stack is in glibc's ld.so, of which musl has no such file
            guard=-fno-stack-protector ;;
        linux-riscv64) # the same; and Zig's LTO loses the ABI
            guard=-fno-stack-protector lto='' ;;
    esac
    for unit in $system_units $shared_units $bridge_units; do
        "$@" $warn $compile $guard $lto "-ffile-prefix-map=$source=" "-ffile-prefix-map=$jni_util=" \
            -I"$java_home/include" -I"$md" -I"$jni_util" -c "$source/$unit.c" -o "$directory/$unit.o"
    done
    "$@" $compile $guard "-ffile-prefix-map=$jni_util=" -I"$java_home/include" -I"$md" \
        -c "$jni_util/netty_jni_util.c" -o "$directory/netty_jni_util.o"
    "$@" $warn -O2 -I"$source" -c "$source/../../test/c/peercred_selftest.c" -o "$directory/peercred_selftest.o"
    (
        cd "$directory"
        system_objects=$(printf '%s.o ' $system_units $shared_units)
        bridge_objects=$(printf '%s.o ' $bridge_units netty_jni_util)
        case $platform in
            openbsd-*) $zig ld.lld -shared -s -z relro -z now -z noexecstack --build-id=none \
                $system_objects $bridge_objects -o "$file" ;;
            *) "$@" $compile $lto $link $system_objects $bridge_objects $shared -o "$file" ;;
        esac
        "$@" $compile $lto $link $system_objects peercred_selftest.o -o peercred-selftest
    )
}

if [ "$what" = all ]; then
    if [ -n "${ZIG:-}" ]; then
        zig=$ZIG
    elif command -v zig >/dev/null; then
        zig=zig
    else
        zig='python3 -m ziglang'
    fi
    [ "$($zig version 2>/dev/null)" = "$zig_version" ] ||
        fail "all platforms take Zig $zig_version, and '$zig' is not that: pip install ziglang==$zig_version, or name it by ZIG"
    # A cache of its own, since Zig takes an object for another that differs in -fstack-protector alone.
    export ZIG_GLOBAL_CACHE_DIR="$output/zig-cache" ZIG_LOCAL_CACHE_DIR="$output/zig-cache"
    echo "$platforms" | while read -r platform target; do
        [ -z "$platform" ] || build "$platform" $zig cc -target "$target"
    done
fi

case $(uname -m) in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch_64 ;;
    *) arch=$(uname -m) ;;
esac
here=$(uname -s | tr '[:upper:]' '[:lower:]')-$arch
command -v ${cc%% *} >/dev/null ||
    fail "no C compiler '$cc': install one (Debian: apt-get install gcc libc6-dev) or set CC"
[ "$what" = all ] && echo "$platforms" | grep -q "^$here " || build "$here" $cc

lacking=$(echo "$platforms" | while read -r platform target; do
    [ -z "$platform" ] || [ -f "$output/classes/META-INF/native/$(library "$platform")" ] || printf ' %s' "$platform"
done)
[ -z "$lacking" ] || echo "netty-peercred: the jar gets no library for$lacking: those take -Pall-platforms"

system_units=$(units_of "${here%%-*}")
tests=$output/native/tests
mkdir -p "$tests"
cd "$source"
# The implementations for systems without one compile everywhere.
$cc $warn -fsyntax-only peercred_unsupported.c peercred_service_unsupported.c
for test in 'peercred_test peercred_file_test peercred_service_test' peercred_decode_test peercred_selftest; do
    $cc $warn -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -I. \
        $(printf '%s.c ' $system_units $shared_units) $(printf '../../test/c/%s.c ' $test) -o "$tests/${test%% *}" ||
        fail "the test program does not compile with sanitizers: install those of $cc (Debian has them in gcc; Fedora: dnf install libasan libubsan)"
done
