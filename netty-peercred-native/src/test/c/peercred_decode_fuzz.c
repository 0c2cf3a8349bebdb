// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer: any bytes into any decoder. The first byte chooses the decoder and the order of bytes; the seeds are those that
// "peercred_decode_test FOLDER" writes.
#include "peercred_decode_forms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct peercred_decoded out;
    if (size == 0) return 0;
    const int status = decode_as((enum form)((data[0] & 0x7f) % FORMS), data[0] & 0x80, data + 1, size - 1, &out);
    if (!is_sound(status, &out)) abort();
    return 0;
}
