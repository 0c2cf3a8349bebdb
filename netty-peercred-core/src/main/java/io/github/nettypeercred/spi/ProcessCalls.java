// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.process.ProcessIds;

/** The system calls on a process descriptor (pidfd). The caller owns the descriptor and keeps it open during a call. */
public interface ProcessCalls {
    /**
     * Tells whether the process has ended, by poll(2) with no wait.
     *
     * @param pidfd an open process descriptor
     * @return whether it has ended, waited for or not
     * @throws io.github.nettypeercred.AbsentException if the call fails
     */
    boolean hasExited(int pidfd);

    /**
     * Returns the ids that the process has now, by ioctl PIDFD_GET_INFO (Linux 6.13).
     *
     * @param pidfd an open process descriptor
     * @return the ids, or why they are unknown
     */
    Answer<ProcessIds> ids(int pidfd);

    /**
     * Makes a second descriptor of the same process, by fcntl(2) with F_DUPFD_CLOEXEC.
     *
     * @param pidfd an open process descriptor
     * @return another, which the caller owns
     * @throws io.github.nettypeercred.AbsentException if there is none to be had, such as EMFILE
     */
    int duplicate(int pidfd);

    /**
     * Closes the descriptor, by close(2). It is gone afterwards whatever the call says.
     *
     * @param pidfd an open process descriptor
     */
    void close(int pidfd);
}
