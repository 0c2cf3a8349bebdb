#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the C test programs, and the fuzzer for so many executions if clang is installed.
#   test.sh OUTPUT_DIR EXECUTIONS
set -eu
output=$1 executions=$2
source=$(dirname "$0")
tests=$output/native/tests

for test in peercred_test peercred_decode_test peercred_selftest; do
    "$tests/$test" >"$tests/$test.log" || {
        cat "$tests/$test.log"
        exit 1
    }
    echo "$test: $(grep -c '^ok' "$tests/$test.log") cases$(sed -n 's/^# left out/, left out/p' "$tests/$test.log" | tr -d '\n')"
done

if ! command -v clang >/dev/null; then
    echo "peercred_decode_fuzz: left out, since clang is not installed (Debian: apt-get install clang libclang-rt-dev)"
    exit 0
fi
if ! clang -std=c17 -Wall -Wextra -Werror -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -I"$source/../../main/c" "$source/../../main/c/peercred_decode.c" "$source/peercred_decode_fuzz.c" \
    -o "$tests/peercred_decode_fuzz" 2>"$tests/peercred_decode_fuzz.log"; then
    grep -q 'error: linker command failed\|cannot find' "$tests/peercred_decode_fuzz.log" || {
        cat "$tests/peercred_decode_fuzz.log"
        exit 1
    }
    echo "peercred_decode_fuzz: left out, since clang has no libFuzzer (Debian: apt-get install libclang-rt-dev)"
    exit 0
fi
mkdir -p "$tests/seeds" "$tests/corpus"
"$tests/peercred_decode_test" "$tests/seeds"
"$tests/peercred_decode_fuzz" -runs="$executions" -max_len=4400 -artifact_prefix="$tests/" "$tests/corpus" "$tests/seeds" \
    2>"$tests/peercred_decode_fuzz.log" || {
    cat "$tests/peercred_decode_fuzz.log"
    exit 1
}
echo "peercred_decode_fuzz: $executions executions"
