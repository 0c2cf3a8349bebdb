// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the published jars are to Maven and to the module system. */
class PublishedJarsTest {
    static List<Path> jars() {
        return Jars.published();
    }

    @Test
    void core_is_a_module_that_depends_on_netty_alone() {
        assertThat(description("core"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred jar",
                        "exports io.github.nettypeercred",
                        "exports io.github.nettypeercred.process",
                        "exports io.github.nettypeercred.spi",
                        "requires io.netty.buffer",
                        "requires io.netty.common transitive",
                        "requires io.netty.transport transitive",
                        "requires io.netty.transport.unix.common transitive",
                        "requires java.base mandated",
                        "requires org.jspecify transitive static",
                        "uses io.github.nettypeercred.spi.PeerCredentialsTransport");
    }

    @Test
    void native_is_a_module_for_our_transports_alone() {
        assertThat(description("native"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.jni jar",
                        "requires io.github.nettypeercred transitive",
                        "requires io.netty.buffer",
                        "requires io.netty.common",
                        "requires io.netty.transport",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires org.jspecify static",
                        "provides io.github.nettypeercred.spi.AccountDatabase with"
                                + " io.github.nettypeercred.jni.NativeAccountDatabase",
                        "provides io.github.nettypeercred.spi.TrustedFile with"
                                + " io.github.nettypeercred.jni.NativeTrustedFile",
                        "qualified exports io.github.nettypeercred.jni to io.github.nettypeercred.epoll"
                                + " io.github.nettypeercred.iouring io.github.nettypeercred.kqueue"
                                + " io.github.nettypeercred.service");
    }

    @Test
    void epoll_is_a_module() {
        assertThat(description("epoll"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.epoll jar",
                        "exports io.github.nettypeercred.epoll",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.jni",
                        "requires io.netty.buffer",
                        "requires io.netty.common",
                        "requires io.netty.transport",
                        "requires io.netty.transport.classes.epoll",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires org.jspecify static",
                        "provides io.github.nettypeercred.spi.PeerCredentialsTransport with"
                                + " io.github.nettypeercred.epoll.EpollPeerCredentials");
    }

    @Test
    void io_uring_is_a_module() {
        assertThat(description("io_uring"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.iouring jar",
                        "exports io.github.nettypeercred.iouring",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.jni",
                        "requires io.netty.common",
                        "requires io.netty.transport",
                        "requires io.netty.transport.classes.io_uring",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires org.jspecify static",
                        "provides io.github.nettypeercred.spi.PeerCredentialsTransport with"
                                + " io.github.nettypeercred.iouring.IoUringPeerCredentials");
    }

    @Test
    void kqueue_is_a_module() {
        assertThat(description("kqueue"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.kqueue jar",
                        "exports io.github.nettypeercred.kqueue",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.jni",
                        "requires io.netty.common",
                        "requires io.netty.transport",
                        "requires io.netty.transport.classes.kqueue",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires org.jspecify static",
                        "provides io.github.nettypeercred.spi.PeerCredentialsTransport with"
                                + " io.github.nettypeercred.kqueue.KQueuePeerCredentials");
    }

    @Test
    void sasl_is_a_module_that_depends_on_core_and_netty_alone() {
        assertThat(description("sasl"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.sasl jar",
                        "exports io.github.nettypeercred.sasl",
                        "requires io.github.nettypeercred transitive",
                        "requires io.netty.buffer",
                        "requires io.netty.common",
                        "requires io.netty.transport transitive",
                        "requires java.base mandated",
                        "requires org.jspecify static");
    }

    @Test
    void tls_is_a_module_that_depends_on_authz_and_netty_alone() {
        assertThat(description("tls"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.tls jar",
                        "exports io.github.nettypeercred.tls",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.authz transitive",
                        "requires io.netty.common",
                        "requires io.netty.handler transitive",
                        "requires io.netty.transport transitive",
                        "requires java.base mandated",
                        "requires org.jspecify static");
    }

    @Test
    void spring_security_is_a_module() {
        assertThat(description("spring-security"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.spring.security jar",
                        "exports io.github.nettypeercred.spring.security",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.authz transitive",
                        "requires io.netty.common",
                        "requires io.netty.transport",
                        "requires java.base mandated",
                        "requires org.jspecify static",
                        "requires reactor.core transitive",
                        "requires reactor.netty.core",
                        "requires reactor.netty.http",
                        "requires spring.security.core transitive",
                        "requires spring.security.web transitive",
                        "requires spring.web transitive");
    }

    @Test
    void auto_is_a_module_that_nobody_names() {
        assertThat(description("auto"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.auto jar",
                        "requires io.github.nettypeercred",
                        "requires io.github.nettypeercred.authz",
                        "requires io.netty.common",
                        "requires io.netty.transport",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires org.jspecify static",
                        "uses io.netty.bootstrap.ChannelInitializerExtension",
                        "provides io.netty.bootstrap.ChannelInitializerExtension with"
                                + " io.github.nettypeercred.auto.GuardExtension",
                        "contains io.github.nettypeercred.auto");
    }

    @Test
    void micrometer_is_a_module() {
        assertThat(description("micrometer"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.micrometer jar",
                        "exports io.github.nettypeercred.micrometer",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.authz transitive",
                        "requires java.base mandated",
                        "requires micrometer.core transitive",
                        "requires org.jspecify static");
    }

    @Test
    void testing_is_a_module() {
        assertThat(description("testing"))
                .contains("io.github.nettypeercred.testing jar", "exports io.github.nettypeercred.testing");
    }

    @Test
    void authz_is_a_module_that_needs_no_transport() {
        assertThat(description("authz"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.authz jar",
                        "exports io.github.nettypeercred.authz",
                        "exports io.github.nettypeercred.authz.limits",
                        "exports io.github.nettypeercred.authz.names",
                        "requires com.fasterxml.jackson.core",
                        "requires com.fasterxml.jackson.databind",
                        "requires com.fasterxml.jackson.dataformat.toml",
                        "requires com.github.benmanes.caffeine",
                        "requires io.github.nettypeercred transitive",
                        "requires io.netty.buffer transitive",
                        "requires io.netty.common transitive",
                        "requires io.netty.transport transitive",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires jdk.jfr static",
                        "requires org.jspecify transitive static",
                        "uses io.github.nettypeercred.spi.AccountDatabase",
                        "uses io.github.nettypeercred.spi.TrustedFile",
                        "contains io.github.nettypeercred.authz.internal");
    }

    @Test
    void service_is_a_module() {
        assertThat(description("service"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.service jar",
                        "exports io.github.nettypeercred.service",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.epoll",
                        "requires io.github.nettypeercred.jni",
                        "requires io.netty.buffer",
                        "requires io.netty.common",
                        "requires io.netty.transport transitive",
                        "requires io.netty.transport.classes.epoll",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires org.jspecify static");
    }

    @Test
    void grpc_is_a_module() {
        assertThat(description("grpc"))
                .containsExactlyInAnyOrder(
                        "io.github.nettypeercred.grpc jar",
                        "exports io.github.nettypeercred.grpc",
                        "requires io.github.nettypeercred transitive",
                        "requires io.github.nettypeercred.authz transitive",
                        "requires io.github.nettypeercred.epoll",
                        "requires io.grpc transitive",
                        "requires io.grpc.netty transitive",
                        "requires io.netty.buffer",
                        "requires io.netty.common",
                        "requires io.netty.transport transitive",
                        "requires io.netty.transport.classes.epoll",
                        "requires io.netty.transport.unix.common",
                        "requires java.base mandated",
                        "requires org.jspecify static");
    }

    @ParameterizedTest
    @MethodSource("jars")
    void module_names_the_same_services_as_the_class_path(Path jar) throws IOException {
        Map<String, List<String>> onModulePath = new HashMap<>();
        module(jar).provides().forEach(provided -> onModulePath.put(provided.service(), provided.providers()));
        Map<String, List<String>> onClassPath = new HashMap<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            for (String name : file.stream().map(Object::toString).toList()) {
                Matcher service = Pattern.compile("META-INF/services/(.+)").matcher(name);
                if (service.matches()) {
                    onClassPath.put(
                            service.group(1),
                            new String(Jars.entry(jar, name), UTF_8)
                                    .lines()
                                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                                    .toList());
                }
            }
        }

        assertThat(onClassPath).isEqualTo(onModulePath);
    }

    @Test
    void package_is_in_one_jar_only() {
        Map<String, String> owners = new HashMap<>();
        for (ModuleReference reference : ModuleFinder.of(
                        Stream.concat(Jars.published().stream(), Jars.ofAllTransports().stream())
                                .toArray(Path[]::new))
                .findAll()) {
            for (String name : reference.descriptor().packages()) {
                String other = owners.put(name, reference.descriptor().name());
                assertThat(other).as("the other owner of package %s", name).isNull();
            }
        }
        assertThat(owners).containsEntry("io.github.nettypeercred", "io.github.nettypeercred");
    }

    @Test
    void epoll_alone_brings_everything() {
        assertThat(Jars.ofEpollAlone())
                .extracting(jar ->
                        jar.getFileName().toString().replaceFirst("-\\d+\\.\\d+\\.\\d+(\\.Final|-SNAPSHOT)?", ""))
                .containsExactlyInAnyOrder(
                        "netty-peercred-epoll.jar",
                        "netty-peercred-core.jar",
                        "netty-peercred-native.jar",
                        "netty-buffer.jar",
                        "netty-common.jar",
                        "netty-resolver.jar",
                        "netty-transport.jar",
                        "netty-transport-classes-epoll.jar",
                        "netty-transport-native-unix-common.jar",
                        "netty-transport-native-epoll-linux-x86_64.jar",
                        "netty-transport-native-epoll-linux-aarch_64.jar",
                        "netty-transport-native-epoll-linux-riscv64.jar",
                        "jspecify.jar");
    }

    /** The packages that a module exports, to all or to some. */
    static Set<String> exported(Path jar) {
        return module(jar).exports().stream()
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
    }

    private static ModuleDescriptor module(Path jar) {
        return ModuleFinder.of(jar).findAll().iterator().next().descriptor();
    }

    /** What jar(1) says of a module, without the place and the version of JDK modules. */
    private static List<String> description(String module) {
        StringWriter out = new StringWriter();
        PrintWriter writer = new PrintWriter(out);
        int status = ToolProvider.findFirst("jar")
                .orElseThrow()
                .run(
                        writer,
                        writer,
                        "--describe-module",
                        "--file",
                        Jars.ours(module).toString());
        assertThat(status).as(out.toString()).isZero();
        return out.toString()
                .lines()
                .map(String::trim)
                .filter(line -> !line.isEmpty())
                .map(PublishedJarsTest::sortModifiers)
                .map(line -> line.replaceFirst(" jar:file:\\S+", " jar").replaceFirst("@[^ ]+ jar", " jar"))
                .toList();
    }

    /** The order in which jar(1) names "static" and "transitive" is none. */
    private static String sortModifiers(String line) {
        return line.replace("static transitive", "transitive static");
    }
}
