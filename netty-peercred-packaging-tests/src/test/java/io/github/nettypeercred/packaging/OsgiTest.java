// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.packaging.app.OnEpoll;
import io.github.nettypeercred.packaging.app.OnOsgi;
import io.github.nettypeercred.packaging.app.OsgiHost;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The published jars as OSGi bundles: their headers, and those for a server on epoll in Apache Felix with Apache Aries SPI Fly. */
@Timeout(value = 2, unit = MINUTES, threadMode = ThreadMode.SEPARATE_THREAD)
class OsgiTest {
    private static final String NETTY = "netty-(common|buffer|resolver|transport|transport-native-unix-common"
            + "|transport-classes-epoll|transport-native-epoll)-[0-9].*";
    private static final String OTHERS = "(jackson|caffeine|jspecify|asm)-.*";
    private static final String SPI_FLY = "org\\.apache\\.aries\\.spifly.*";

    /** Not loaded by an OSGi framework: Netty finds no extension in another bundle, so it would guard nothing. */
    private static final Set<String> NO_BUNDLES = Set.of("auto");

    @TempDir
    Path folder;

    static List<Path> bundles() {
        return Jars.published().stream()
                .filter(jar -> NO_BUNDLES.stream().noneMatch(name -> jar.equals(Jars.ours(name))))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void headers_name_the_bundle_and_what_the_module_exports(Path jar) throws IOException {
        Attributes headers = headers(jar);
        String module = jar.getFileName().toString().replaceFirst("-[0-9].*", "");

        assertThat(headers.getValue("Bundle-SymbolicName")).isEqualTo("io.github.netty-peercred." + module);
        assertThat(headers.getValue("Bundle-Version")).matches("[0-9]+\\.[0-9]+\\.[0-9]+(\\.SNAPSHOT)?");
        assertThat(clauses(headers, "Export-Package").keySet()).isEqualTo(PublishedJarsTest.exported(jar));
        assertThat(clauses(headers, "Export-Package").values())
                .allSatisfy(version -> assertThat(version).matches("[0-9]+\\.[0-9]+\\.[0-9]+"));
        assertThat(headers.getValue("Require-Capability")).contains("(&(osgi.ee=JavaSE)(version=17))");
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void imports_have_ranges(Path jar) throws IOException {
        clauses(headers(jar), "Import-Package").forEach((name, version) -> {
            if (name.startsWith("io.github.nettypeercred")) {
                assertThat(version).as(name).matches("\\[([0-9]+)\\.[0-9]+,\\1\\.[0-9]+\\)");
            } else if (name.startsWith("io.netty.")) {
                assertThat(version).as(name).matches("\\[4\\.[12],5\\)");
            }
        });
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void services_are_capabilities(Path jar) throws IOException {
        String capabilities = String.valueOf(headers(jar).getValue("Provide-Capability"));
        try (JarFile file = new JarFile(jar.toFile())) {
            List<String> services = file.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.matches("META-INF/services/.+"))
                    .map(name -> name.substring("META-INF/services/".length()))
                    .toList();

            assertThat(services).allSatisfy(service -> assertThat(capabilities)
                    .contains("osgi.serviceloader;osgi.serviceloader=\"" + service));
        }
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void headers_name_no_time_and_no_tool(Path jar) throws IOException {
        assertThat(headers(jar).keySet())
                .extracting(Object::toString)
                .doesNotContain(
                        "Bnd-LastModified", "Tstamp", "Created-By", "Built-By", "Build-Jdk", "Build-Jdk-Spec", "Tool");
    }

    @Test
    void bundles_capture_in_felix() throws IOException {
        String printed = run(SPI_FLY, NETTY, OTHERS, "netty-peercred-(core|native|epoll|authz)-.*");

        assertThat(printed.lines())
                .contains(
                        "available=true",
                        "captured uid=" + Child.UID + " gid=" + Child.GID + " isMyself=true mechanism=SO_PEERCRED",
                        "message",
                        "client closed=true",
                        "policy read",
                        "io.github.netty-peercred.netty-peercred-core active",
                        "io.github.netty-peercred.netty-peercred-authz active");
        assertThat(printed).containsPattern("user=.*root");
    }

    @Test
    void core_does_not_resolve_where_it_would_find_no_transport() {
        assertThatThrownBy(() -> run(NETTY, OTHERS, "netty-peercred-(core|native|epoll|authz)-.*"))
                .hasMessageContaining("osgi.serviceloader.processor")
                .hasMessageNotContaining("hangs");
    }

    /** Runs the program in a framework with the bundles whose names match, in that order. */
    private String run(String... names) throws IOException {
        List<String> bundles = new ArrayList<>();
        for (String name : names) {
            Jars.ofTests().stream()
                    .filter(jar -> jar.getFileName().toString().matches(name))
                    .filter(jar ->
                            !jar.toString().matches(".*native-epoll-[^/]*(linux-(?!" + arch() + ")[^/]*|Final)\\.jar"))
                    .forEach(jar -> bundles.add(jar.toString()));
        }
        List<String> arguments = new ArrayList<>(List.of(
                "-cp",
                Jars.pathWithPrograms(Jars.ofTests().stream()
                        .filter(jar -> jar.getFileName().toString().startsWith("org.apache.felix.framework-"))
                        .toList()),
                OsgiHost.class.getName(),
                folder.resolve("framework").toString(),
                OnOsgi.class.getName()));
        arguments.addAll(bundles);
        arguments.add(program().toString());
        return Child.java(arguments.toArray(new String[0]));
    }

    private static String arch() {
        return Jars.LIBRARY.endsWith("x86_64.so") ? "x86_64" : "aarch_64";
    }

    /** A bundle with the program, which imports what it uses when it uses it. */
    private Path program() throws IOException {
        Manifest manifest = new Manifest();
        Attributes headers = manifest.getMainAttributes();
        headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        headers.putValue("Bundle-ManifestVersion", "2");
        headers.putValue("Bundle-SymbolicName", "program");
        headers.putValue("DynamicImport-Package", "*");
        Path jar = folder.resolve("program.jar");
        String path = OnEpoll.class.getPackageName().replace('.', '/');
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file, manifest);
                Stream<Path> classes = Files.list(Jars.programs().resolve(path))) {
            for (Path program : classes.toList()) {
                out.putNextEntry(new JarEntry(path + "/" + program.getFileName()));
                Files.copy(program, out);
            }
        }
        return jar;
    }

    private static Attributes headers(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            return file.getManifest().getMainAttributes();
        }
    }

    /** The packages that a header names, each with its version or an empty text. */
    private static Map<String, String> clauses(Attributes headers, String header) {
        String value = headers.getValue(header);
        return Stream.of((value == null ? "" : value).split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1))
                .filter(clause -> !clause.isEmpty())
                .collect(Collectors.toMap(clause -> clause.replaceFirst(";.*", ""), clause -> clause.replaceFirst(
                                ".*;version=\"([^\"]*)\".*", "$1")
                        .replaceFirst("^[^0-9\\[].*", "")));
    }
}
