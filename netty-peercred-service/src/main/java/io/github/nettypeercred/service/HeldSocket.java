// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.jni.ServiceCalls.Inode;

/**
 * A socket's file, held by an O_PATH descriptor: no other file gets its inode number meanwhile.
 *
 * @param fd the descriptor
 * @param inode what it stands for
 */
record HeldSocket(int fd, Inode inode) implements AutoCloseable {
    @Override
    public void close() {
        ServiceCalls.close(fd);
    }
}
