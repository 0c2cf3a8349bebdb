// SPDX-License-Identifier: Apache-2.0
//
// Tests the decoders on bytes that kernels delivered (amd64; the sender, unless said, has real ids 1000 and 100, effective ids 1001
// and 101, groups 10 20 30), whole, cut short, changed, and in the other order. Prints TAP; exits 1 if a case failed. With
// a folder's name it writes the vectors there, as seeds for the fuzzer.
#include "peercred_decode_forms.h"

#include <stdio.h>

#define MAX 256

// Three words of an xucred or cmsgcred that follow its groups, and more.
#define ZERO4 "00000000 00000000 00000000 00000000 "
#define ZERO12 ZERO4 ZERO4 ZERO4

struct vector {
    const char *name;
    enum form form;
    const char *hex;
    int u16_at;     // the one 16-bit number, or -1
    size_t ok_from; // the shortest length that is enough
    int status;
    int32_t mechanism, pid;
    uint32_t uid, gid, groups_count, groups[3];
};

#define NETBSD_THREE_GROUPS                                                                                       \
    "34000000 ffff0000 10000000 00000000 02000000 e8030000 e9030000 64000000 65000000 03000000 0a000000 14000000 " \
    "1e000000 00000000"
#define SOCKCRED_FREEBSD                                                                                          \
    "34000000 ffff0000 03000000 00000000 e8030000 e9030000 64000000 65000000 04000000 65000000 0a000000 14000000 " \
    "1e000000 00000000"
#define CMSGCRED_FREEBSD                                                                                          \
    "64000000 ffff0000 03000000 00000000 11000000 e8030000 e9030000 64000000 04000000 65000000 0a000000 14000000 " \
    "1e000000 " ZERO12 "00000000"
#define XUCRED_HEAD "00000000 e9030000 04000000 65000000 0a000000 14000000 1e000000 " ZERO12
#define NO_PEER 0, 0, 0, 0, 0, {0}
#define GROUPS 3, {10, 20, 30}

static const struct vector vectors[] = {
    {"NetBSD sockcred", NETBSD, NETBSD_THREE_GROUPS, -1, 52, PEERCRED_OK, PEERCRED_SCM_CREDS, 2, 1001, 101, 0, {0}},
    {"NetBSD sockcred, aligned to 16", NETBSD_AARCH64, NETBSD_THREE_GROUPS, -1, 52, PEERCRED_OK, PEERCRED_SCM_CREDS, 2, 1001, 101, 0, {0}},
    {"NetBSD sockcred without groups, with garbage in the padding", NETBSD,
     "2c000000 ffff0000 10000000 73756d65 01000000 00000000 00000000 00000000 00000000 00000000 63007275 6d706e73", -1, 44,
     PEERCRED_OK, PEERCRED_SCM_CREDS, 1, 0, 0, 0, {0}},
    {"NetBSD descriptor, then sockcred", NETBSD,
     "14000000 ffff0000 01000000 00000000 2b000000 00000000 2c000000 ffff0000 10000000 00000000 01000000 00000000 00000000 "
     "00000000 00000000 00000000 00000000 00000000", -1, 68, PEERCRED_OK, PEERCRED_SCM_CREDS, 1, 0, 0, 0, {0}},
    {"NetBSD peeked descriptor, which is an address, aligned to 16, then sockcred", NETBSD_AARCH64,
     "18000000 ffff0000 01000000 00000000 80ffeeddccbbaa99 0000000000000000 2c000000 ffff0000 10000000 00000000 01000000 07000000 "
     "08000000 09000000 0a000000 00000000 00000000", -1, 76, PEERCRED_OK, PEERCRED_SCM_CREDS, 1, 8, 10, 0, {0}},
    {"NetBSD 7 sockcred, without pid", NETBSD,
     "28000000 ffff0000 04000000 00000000 e8030000 e9030000 64000000 65000000 00000000 00000000", -1, 40, PEERCRED_OK,
     PEERCRED_SCM_CREDS, 0, 1001, 101, 0, {0}},
    {"NetBSD unpcbid", UNPCBID, "02000000 e9030000 65000000", -1, 12, PEERCRED_OK, PEERCRED_LOCAL_PEEREID, 2, 1001, 101, 0, {0}},
    {"FreeBSD cmsgcred", FREEBSD, CMSGCRED_FREEBSD, 32, 100, PEERCRED_OK, PEERCRED_SCM_CREDS, 17, 1001, 101, 0, {0}},
    {"FreeBSD sockcred", FREEBSD_LOCAL_CREDS, SOCKCRED_FREEBSD, -1, 52, PEERCRED_OK, PEERCRED_SCM_CREDS, 0, 1001, 101, 0, {0}},
    {"FreeBSD sockcred2", FREEBSD,
     "3c000000 ffff0000 08000000 00000000 00000000 15000000 e8030000 e9030000 64000000 65000000 04000000 65000000 0a000000 "
     "14000000 1e000000 00000000", -1, 60, PEERCRED_OK, PEERCRED_SCM_CREDS2, 21, 1001, 101, 0, {0}},
    {"FreeBSD sockcred2, then the sender's cmsgcred", FREEBSD,
     "30000000 ffff0000 08000000 00000000 00000000 01000000 00000000 00000000 00000000 00000000 01000000 00000000 " CMSGCRED_FREEBSD,
     80, 48, PEERCRED_OK, PEERCRED_SCM_CREDS2, 1, 0, 0, 0, {0}},
    {"FreeBSD cmsgcred, then sockcred2", FREEBSD, CMSGCRED_FREEBSD
     "2c000000 ffff0000 08000000 00000000 00000000 05000000 06000000 07000000 08000000 09000000 00000000 00000000",
     32, 100, PEERCRED_OK, PEERCRED_SCM_CREDS2, 5, 7, 9, 0, {0}},
    {"FreeBSD xucred, 13.0", XUCRED_WITH_PID, XUCRED_HEAD "00000000 14000000 00000000", 8, 88, PEERCRED_OK, PEERCRED_LOCAL_PEERCRED, 20,
     1001, 101, GROUPS},
    {"FreeBSD xucred, 12.2", XUCRED_WITH_PID, XUCRED_HEAD "00000000 00000000 00000000", 8, 88, PEERCRED_OK, PEERCRED_LOCAL_PEERCRED, 0,
     1001, 101, GROUPS},
    {"macOS xucred, laid out by its header", XUCRED, XUCRED_HEAD, 8, 76, PEERCRED_OK, PEERCRED_LOCAL_PEERCRED, 0, 1001, 101, GROUPS},
    {"OpenBSD sockpeercred", SOCKPEERCRED, "e9030000 65000000 b1290100", -1, 12, PEERCRED_OK, PEERCRED_SO_PEERCRED, 76209, 1001,
     101, 0, {0}},
    {"a type that is no credential", NETBSD, "14000000 ffff0000 08000000 00000000 00000000 00000000", -1, 0,
     PEERCRED_NO_CREDENTIAL, NO_PEER},
    {"a credential's type at another level", NETBSD,
     "28000000 00000000 10000000 00000000 01000000 00000000 00000000 00000000 00000000 00000000", -1, 0, PEERCRED_NO_CREDENTIAL, NO_PEER},
    {"a message without data", NETBSD, "10000000 ffff0000 10000000 00000000", -1, 0, PEERCRED_TRUNCATED, NO_PEER},
    {"a sockcred that ends in its number of groups", NETBSD,
     "27000000 ffff0000 10000000 00000000 01000000 00000000 00000000 00000000 00000000 00000000", -1, 0, PEERCRED_TRUNCATED, NO_PEER},
    {"a sockcred2 that ends in its version", FREEBSD, "13000000 ffff0000 08000000 00000000 00000000", -1, 0, PEERCRED_TRUNCATED, NO_PEER},
    {"a sockcred2 that ends after its version", FREEBSD, "14000000 ffff0000 08000000 00000000 00000000", -1, 0, PEERCRED_TRUNCATED,
     NO_PEER},
    {"FreeBSD's sockcred where LOCAL_CREDS is off", FREEBSD, SOCKCRED_FREEBSD, -1, 0, PEERCRED_TRUNCATED, NO_PEER},
};

static int cases, failures;

static void check(bool ok, const char *name, const char *what) {
    cases++;
    if (!ok) failures++;
    printf("%s %d - %s: %s\n", ok ? "ok" : "not ok", cases, name, what);
}

static size_t bytes_of(const char *hex, unsigned char *out) {
    size_t length = 0;
    for (const char *p = hex; *p != '\0';) {
        if (*p == ' ') {
            p++;
            continue;
        }
        const char digits[3] = {p[0], p[1], '\0'};
        out[length++] = (unsigned char)strtoul(digits, NULL, 16);
        p += 2;
    }
    return length;
}

static void reverse(unsigned char *bytes, size_t length) {
    for (size_t i = 0; i < length / 2; i++) {
        unsigned char byte = bytes[i];
        bytes[i] = bytes[length - 1 - i];
        bytes[length - 1 - i] = byte;
    }
}

// What a machine of the other order would have delivered.
static void swap(unsigned char *bytes, size_t length, int u16_at) {
    for (size_t i = 0; i + 4 <= length; i += 4) {
        if ((int)i == u16_at) {
            reverse(bytes + i, 2);
        } else {
            reverse(bytes + i, 4);
        }
    }
}

static bool is_expected(const struct vector *vector, int status, const struct peercred_decoded *out) {
    if (status != vector->status || !is_sound(status, out)) return false;
    for (uint32_t i = 0; i < vector->groups_count; i++) {
        if (out->groups[i] != vector->groups[i]) return false;
    }
    return out->mechanism == vector->mechanism && out->pid == vector->pid && out->uid == vector->uid && out->gid == vector->gid &&
           out->groups_count == vector->groups_count;
}

static void whole_and_cut(const struct vector *vector) {
    unsigned char bytes[MAX];
    struct peercred_decoded out;
    const size_t length = bytes_of(vector->hex, bytes);
    int status = decode_as(vector->form, false, bytes, length, &out);
    check(is_expected(vector, status, &out), vector->name, "is decoded");
    bool sound = true;
    for (size_t cut = 0; cut < length; cut++) {
        status = decode_as(vector->form, false, bytes, cut, &out);
        sound &= is_sound(status, &out) && (status == PEERCRED_OK) <= (cut >= vector->ok_from);
    }
    check(sound, vector->name, "no length that is too short gives an id");
    swap(bytes, length, vector->u16_at);
    status = decode_as(vector->form, true, bytes, length, &out);
    check(is_expected(vector, status, &out), vector->name, "is decoded in the other order");
}

// A vector with one number changed. A width of 2 or 4 bytes.
static void changed(const char *what, size_t number, size_t at, size_t width, uint32_t value, int status) {
    unsigned char bytes[MAX];
    struct peercred_decoded out;
    const struct vector *vector = &vectors[number];
    const size_t length = bytes_of(vector->hex, bytes);
    for (size_t i = 0; i < width; i++) bytes[at + i] = (unsigned char)(value >> 8 * i);
    const int found = decode_as(vector->form, false, bytes, length, &out);
    check(found == status && is_sound(found, &out), vector->name, what);
}

static size_t number_of(const char *name) {
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        if (strcmp(vectors[i].name, name) == 0) return i;
    }
    abort();
}

static void all_changed(void) {
    const size_t netbsd = number_of("NetBSD sockcred"), xucred = number_of("FreeBSD xucred, 13.0"),
                 cmsgcred = number_of("FreeBSD cmsgcred"), sockcred2 = number_of("FreeBSD sockcred2"),
                 openbsd = number_of("OpenBSD sockpeercred"), unpcbid = number_of("NetBSD unpcbid");
    changed("uid -1 is nobody", openbsd, 0, 4, UINT32_MAX, PEERCRED_NO_CREDENTIAL);
    changed("gid -1 is nobody", openbsd, 4, 4, UINT32_MAX, PEERCRED_NO_CREDENTIAL);
    changed("a negative pid is none", unpcbid, 0, 4, UINT32_MAX, PEERCRED_OK);
    changed("uid -1 is nobody", xucred, 4, 4, UINT32_MAX, PEERCRED_NO_CREDENTIAL);
    changed("uid -1 is nobody", netbsd, 24, 4, UINT32_MAX, PEERCRED_NO_CREDENTIAL);
    changed("another version is not read", xucred, 0, 4, 1, PEERCRED_MALFORMED);
    changed("no group, not even the effective one", xucred, 8, 2, 0, PEERCRED_MALFORMED);
    changed("16 groups", xucred, 8, 2, 16, PEERCRED_OK);
    changed("17 groups", xucred, 8, 2, 17, PEERCRED_MALFORMED);
    changed("a negative number of groups", xucred, 8, 2, 0xffff, PEERCRED_MALFORMED);
    changed("no group, not even the effective one", cmsgcred, 32, 2, 0, PEERCRED_MALFORMED);
    changed("16 groups", cmsgcred, 32, 2, 16, PEERCRED_OK);
    changed("17 groups", cmsgcred, 32, 2, 17, PEERCRED_MALFORMED);
    changed("a negative number of groups", cmsgcred, 32, 2, 0x8000, PEERCRED_MALFORMED);
    changed("no group", netbsd, 36, 4, 0, PEERCRED_OK);
    changed("one group more than there is room for", netbsd, 36, 4, 4, PEERCRED_TRUNCATED);
    changed("16 groups without their room", netbsd, 36, 4, 16, PEERCRED_TRUNCATED);
    changed("17 groups without their room", netbsd, 36, 4, 17, PEERCRED_TRUNCATED);
    changed("a number of groups that overflows", netbsd, 36, 4, 0x40000001, PEERCRED_TRUNCATED);
    changed("a huge number of groups", netbsd, 36, 4, INT32_MAX, PEERCRED_TRUNCATED);
    changed("a negative number of groups", netbsd, 36, 4, UINT32_MAX, PEERCRED_MALFORMED);
    changed("another version is not read", sockcred2, 16, 4, 1, PEERCRED_MALFORMED);
    changed("a message of length 0", netbsd, 0, 4, 0, PEERCRED_TRUNCATED);
    changed("a message shorter than its header", netbsd, 0, 4, 15, PEERCRED_TRUNCATED);
    changed("a message without data", netbsd, 0, 4, 16, PEERCRED_TRUNCATED);
    changed("a message longer than the buffer", netbsd, 0, 4, 57, PEERCRED_TRUNCATED);
    changed("a message of the greatest length", netbsd, 0, 4, UINT32_MAX, PEERCRED_TRUNCATED);
}

// 16 groups make both structs 84 bytes long, and only the option tells what they mean.
static void same_length(void) {
    unsigned char bytes[100] = {100, 0, 0, 0, 0xff, 0xff, 0, 0, 3};
    struct peercred_decoded as_cmsgcred, as_sockcred;
    for (unsigned char i = 0; i < 21; i++) bytes[16 + 4 * i] = (unsigned char)(i + 1);
    bytes[32] = 16;
    check(decode_as(FREEBSD, false, bytes, sizeof bytes, &as_cmsgcred) == PEERCRED_OK && as_cmsgcred.pid == 1 &&
              as_cmsgcred.uid == 3 && as_cmsgcred.gid == 6,
          "84 bytes of SCM_CREDS", "are a cmsgcred with LOCAL_CREDS off");
    check(decode_as(FREEBSD_LOCAL_CREDS, false, bytes, sizeof bytes, &as_sockcred) == PEERCRED_OK && as_sockcred.pid == 0 &&
              as_sockcred.uid == 2 && as_sockcred.gid == 4,
          "84 bytes of SCM_CREDS", "are a sockcred with LOCAL_CREDS on");
    check(decode_as(FREEBSD, false, NULL, 0, &as_cmsgcred) == PEERCRED_NO_CREDENTIAL, "no control message", "is no credential");
}

static int write_seeds(const char *folder) {
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        for (unsigned big_endian = 0; big_endian < 2; big_endian++) {
            unsigned char bytes[MAX + 1];
            char path[4096];
            const size_t length = bytes_of(vectors[i].hex, bytes + 1);
            if (big_endian) swap(bytes + 1, length, vectors[i].u16_at);
            bytes[0] = (unsigned char)(vectors[i].form | big_endian << 7);
            snprintf(path, sizeof path, "%s/%zu-%u", folder, i, big_endian);
            FILE *file = fopen(path, "wb");
            if (file == NULL || fwrite(bytes, 1, length + 1, file) != length + 1 || fclose(file) != 0) {
                perror(path);
                return 1;
            }
        }
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count == 2) return write_seeds(arguments[1]);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) whole_and_cut(&vectors[i]);
    all_changed();
    same_length();
    printf("1..%d\n", cases);
    return failures == 0 ? 0 : 1;
}
