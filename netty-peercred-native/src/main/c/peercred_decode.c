// SPDX-License-Identifier: Apache-2.0
#include "peercred_decode.h"

#define NOBODY UINT32_MAX
#define CMSGCRED_GROUPS 16
#define HEADER 12 // struct cmsghdr

static const unsigned char *at(struct peercred_bytes bytes, size_t offset) {
    return (const unsigned char *)bytes.data + offset;
}

static uint16_t u16(struct peercred_bytes bytes, size_t offset) {
    const unsigned char *p = at(bytes, offset);
    return (uint16_t)(bytes.big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

static uint32_t u32(struct peercred_bytes bytes, size_t offset) {
    const uint32_t first = u16(bytes, offset), second = u16(bytes, offset + 2);
    return bytes.big_endian ? first << 16 | second : second << 16 | first;
}

static struct peercred_bytes part(struct peercred_bytes bytes, size_t offset, size_t length) {
    return (struct peercred_bytes){at(bytes, offset), length, bytes.big_endian};
}

static int ids(enum peercred_mechanism mechanism, uint32_t pid, uint32_t uid, uint32_t gid, struct peercred_decoded *out) {
    if (uid == NOBODY || gid == NOBODY) return PEERCRED_NO_CREDENTIAL;
    out->mechanism = mechanism;
    out->pid = pid > INT32_MAX ? 0 : (int32_t)pid;
    out->uid = uid;
    out->gid = gid;
    return PEERCRED_OK;
}

// u32 version, u32 euid, i16 count of groups, u32 groups[16], of which the first is the egid.
static int xucred(struct peercred_bytes option, uint32_t pid, struct peercred_decoded *out) {
    if (u32(option, 0) != 0) return PEERCRED_MALFORMED;
    const uint32_t count = u16(option, 8);
    if (count == 0 || count > PEERCRED_XUCRED_GROUPS) return PEERCRED_MALFORMED; // negative is large
    int status = ids(PEERCRED_LOCAL_PEERCRED, pid, u32(option, 4), u32(option, 12), out);
    if (status != PEERCRED_OK) return status;
    out->groups_count = count - 1;
    for (uint32_t i = 0; i < out->groups_count; i++) out->groups[i] = u32(option, 16 + 4 * (size_t)i);
    return PEERCRED_OK;
}

int peercred_decode_xucred(struct peercred_bytes option, struct peercred_decoded *out) {
    *out = (struct peercred_decoded){0};
    return option.length == 76 ? xucred(option, 0, out) : PEERCRED_TRUNCATED;
}

int peercred_decode_xucred_with_pid(struct peercred_bytes option, struct peercred_decoded *out) {
    *out = (struct peercred_decoded){0};
    return option.length == 88 ? xucred(option, u32(option, 80), out) : PEERCRED_TRUNCATED;
}

int peercred_decode_unpcbid(struct peercred_bytes option, struct peercred_decoded *out) {
    *out = (struct peercred_decoded){0};
    if (option.length != 12) return PEERCRED_TRUNCATED;
    return ids(PEERCRED_LOCAL_PEEREID, u32(option, 0), u32(option, 4), u32(option, 8), out);
}

int peercred_decode_sockpeercred(struct peercred_bytes option, struct peercred_decoded *out) {
    *out = (struct peercred_decoded){0};
    if (option.length != 12) return PEERCRED_TRUNCATED;
    return ids(PEERCRED_SO_PEERCRED, u32(option, 8), u32(option, 0), u32(option, 4), out);
}

// i32 pid, u32 ruid, u32 euid, u32 rgid, i16 count of groups, u32 groups[16], of which the first is the egid.
static int cmsgcred(struct peercred_bytes data, enum peercred_mechanism mechanism, struct peercred_decoded *out) {
    if (data.length != 84) return PEERCRED_TRUNCATED;
    const uint32_t count = u16(data, 16);
    if (count == 0 || count > CMSGCRED_GROUPS) return PEERCRED_MALFORMED;
    return ids(mechanism, u32(data, 0), u32(data, 8), u32(data, 20), out);
}

// u32 ruid, u32 euid, u32 rgid, u32 egid, i32 count of groups, u32 groups[], after what the variants put first. The kernel may
// leave room for a group that it does not count.
static int sockcred(struct peercred_bytes data, size_t ids_at, bool has_pid, enum peercred_mechanism mechanism,
                    struct peercred_decoded *out) {
    const size_t groups_at = ids_at + 20;
    if (data.length < groups_at) return PEERCRED_TRUNCATED;
    const uint32_t count = u32(data, ids_at + 16);
    if (count > INT32_MAX) return PEERCRED_MALFORMED;
    if (count > (data.length - groups_at) / 4) return PEERCRED_TRUNCATED;
    return ids(mechanism, has_pid ? u32(data, ids_at - 4) : 0, u32(data, ids_at + 4), u32(data, ids_at + 12), out);
}

// sockcred after i32 version and i32 pid.
static int sockcred2(struct peercred_bytes data, enum peercred_mechanism mechanism, struct peercred_decoded *out) {
    if (data.length < 4) return PEERCRED_TRUNCATED;
    if (u32(data, 0) != 0) return PEERCRED_MALFORMED;
    return sockcred(data, 8, true, mechanism, out);
}

static int decode(enum peercred_form form, enum peercred_mechanism mechanism, struct peercred_bytes data,
                  struct peercred_decoded *out) {
    switch (form) {
        case PEERCRED_CMSGCRED:
            return cmsgcred(data, mechanism, out);
        case PEERCRED_SOCKCRED:
            return sockcred(data, 0, false, mechanism, out);
        case PEERCRED_SOCKCRED_WITH_PID:
            return sockcred(data, 4, true, mechanism, out);
        default:
            return sockcred2(data, mechanism, out);
    }
}

int peercred_decode_control(const struct peercred_control *system, struct peercred_bytes control,
                            struct peercred_decoded *out) {
    uint32_t best = system->kinds_count;
    struct peercred_bytes data = {0};
    *out = (struct peercred_decoded){0};
    for (size_t offset = 0; control.length - offset >= HEADER;) {
        const size_t left = control.length - offset;
        const size_t length = u32(control, offset);
        if (length < system->data_at || length > left) return PEERCRED_TRUNCATED;
        const int32_t level = (int32_t)u32(control, offset + 4);
        const int32_t type = (int32_t)u32(control, offset + 8);
        for (uint32_t i = 0; level == system->level && i < best; i++) {
            if (type == system->kinds[i].type) {
                best = i;
                data = part(control, offset + system->data_at, length - system->data_at);
            }
        }
        const size_t step = (length + system->alignment - 1) & ~((size_t)system->alignment - 1);
        offset = step < left ? offset + step : control.length;
    }
    if (best == system->kinds_count) return PEERCRED_NO_CREDENTIAL;
    return decode(system->kinds[best].form, system->kinds[best].mechanism, data, out);
}
