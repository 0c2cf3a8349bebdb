// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

/**
 * The capability sets of a process's first thread, bit n for capability n of capabilities(7). They count in its own user namespace
 * alone: whoever makes one has them all there, and nothing more here.
 *
 * @param inheritable what exec(2) may keep
 * @param permitted what it may make effective
 * @param effective what the kernel goes by
 * @param bounding what it can gain at most
 * @param ambient what exec(2) keeps
 */
public record ProcessCapabilities(long inheritable, long permitted, long effective, long bounding, long ambient) {
    /**
     * Tells whether a capability is effective.
     *
     * @param capability its number, 0 to 63: 7 is CAP_SETUID, 21 CAP_SYS_ADMIN
     * @return whether it is
     */
    public boolean isEffective(int capability) {
        if (capability < 0 || capability > 63) {
            throw new IllegalArgumentException("capability: " + capability);
        }
        return (effective >>> capability & 1) != 0;
    }
}
