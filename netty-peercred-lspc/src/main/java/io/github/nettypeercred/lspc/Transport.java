// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.github.nettypeercred.iouring.IoUringPeerCredentials;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The Netty transport that a server runs on. Only the chosen one's classes and native library are loaded. */
enum Transport {
    EPOLL("epoll") {
        @Override
        @Nullable
        Throwable unavailabilityCause() {
            return EpollPeerCredentials.unavailabilityCause();
        }

        @Override
        IoHandlerFactory ioHandler() {
            return EpollIoHandler.newFactory();
        }

        @Override
        Class<? extends ServerChannel> serverChannel() {
            return EpollServerDomainSocketChannel.class;
        }
    },
    IO_URING("io_uring") {
        @Override
        @Nullable
        Throwable unavailabilityCause() {
            return IoUringPeerCredentials.unavailabilityCause();
        }

        @Override
        IoHandlerFactory ioHandler() {
            return IoUringIoHandler.newFactory();
        }

        @Override
        Class<? extends ServerChannel> serverChannel() {
            return IoUringServerDomainSocketChannel.class;
        }
    };

    private final String word;

    Transport(String word) {
        this.word = word;
    }

    abstract @Nullable Throwable unavailabilityCause();

    abstract IoHandlerFactory ioHandler();

    abstract Class<? extends ServerChannel> serverChannel();

    /** Loads the native libraries. */
    void require() throws Failure {
        Throwable cause = unavailabilityCause();
        if (cause != null) {
            throw new Failure(String.valueOf(cause.getMessage()), cause);
        }
    }

    @Override
    public String toString() {
        return word;
    }

    /** Reads a transport from the command line. */
    static final class Converter implements ITypeConverter<Transport> {
        Converter() {}

        @Override
        public Transport convert(String word) {
            for (Transport transport : values()) {
                if (transport.word.equals(word)) {
                    return transport;
                }
            }
            throw new TypeConversionException("'" + word + "' is neither epoll nor io_uring");
        }
    }
}
