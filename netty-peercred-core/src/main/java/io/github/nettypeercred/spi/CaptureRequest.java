// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

/**
 * What a capture asks for beyond user, group and process id, each at the cost of one more system call.
 *
 * @param groups the supplementary groups
 * @param label the security label
 * @param process a handle of the process
 */
public record CaptureRequest(boolean groups, boolean label, boolean process) {
    /** A request for nothing beyond. */
    public static final CaptureRequest IDS_ONLY = new CaptureRequest(false, false, false);

    /**
     * Returns a request for all that this one or another asks for.
     *
     * @param other the other request
     * @return the union of both
     */
    public CaptureRequest plus(CaptureRequest other) {
        return new CaptureRequest(groups || other.groups, label || other.label, process || other.process);
    }
}
