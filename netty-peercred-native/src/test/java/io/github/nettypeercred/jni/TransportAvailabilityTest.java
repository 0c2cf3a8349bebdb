// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TransportAvailabilityTest {
    private static final String SYSTEM = System.getProperty("os.name");

    @AfterEach
    void restore() {
        System.setProperty("os.name", SYSTEM);
    }

    private static String causeOn(String system, String transport, Throwable nettyCause) {
        assertThat(NativeLibrary.unavailabilityCause()).isNull(); // loaded here, before the system is another
        System.setProperty("os.name", system);
        Throwable cause =
                TransportAvailability.unavailabilityCause(transport, TransportAvailabilityTest.class, nettyCause);
        assertThatThrownBy(() -> TransportAvailability.ensure(cause))
                .isInstanceOf(UnsatisfiedLinkError.class)
                .hasCause(cause);
        return String.valueOf(cause == null ? null : cause.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "epoll, Linux, is netty-transport-native-epoll with classifier linux-",
        "io_uring, Linux, is netty-transport-native-io_uring with classifier linux-",
        "kqueue, Mac OS X, is netty-transport-native-kqueue with classifier osx-",
        "kqueue, FreeBSD, Netty publishes its kqueue library for macOS alone",
        "kqueue, NetBSD, Netty publishes its kqueue library for macOS alone",
        "kqueue, OpenBSD, Netty publishes its kqueue library for macOS alone",
        "kqueue, Linux, on Linux use netty-peercred-epoll or netty-peercred-io_uring"
    })
    void cause_ofAMissingLibrary_saysWhatToDo(String transport, String system, String advice) {
        assertThat(causeOn(system, transport, new UnsatisfiedLinkError("not there")))
                .startsWith("Netty's " + transport + " transport is not available: not there; ")
                .contains(advice)
                .doesNotContain("--add-modules");
    }

    @Test
    void cause_insideAnInitializer_isTold() {
        assertThat(causeOn("Linux", "kqueue", new ExceptionInInitializerError(new IllegalStateException("inside"))))
                .contains("not available: inside; ");
        assertThat(causeOn("Linux", "kqueue", new ExceptionInInitializerError("said")))
                .contains("not available: said; ");
    }
}
