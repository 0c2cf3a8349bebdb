// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.packaging.app.InOrder;
import io.github.nettypeercred.packaging.app.OnEpoll;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.Remapper;

/** Our classes moved into another package of an application's jar, as shading tools do, beside those that were not moved. */
class RelocationTest {
    private static final String PACKAGE = "io.github.nettypeercred";

    @TempDir
    Path folder;

    @Test
    void classes_below_another_package_capture() throws IOException {
        Path shaded = relocate("com.acme.shade_d_jars." + PACKAGE, RelocationTest::renameLibrary);

        String printed = run(shaded, "com.acme.shade_d_jars." + OnEpoll.class.getName());

        assertThat(printed.lines()).contains("available=true", "cause=none", "ensured", "active", "message");
        assertThat(printed).containsPattern("captured uid=\\d+ gid=\\d+ isMyself=true mechanism=SO_PEERCRED");
    }

    @Test
    void classes_below_another_package_capture_in_one_process_with_those_in_place() throws IOException {
        Path shaded = relocate("com.acme.shade_d_jars." + PACKAGE, RelocationTest::renameLibrary);
        List<Path> path = new ArrayList<>(List.of(shaded));
        path.addAll(Jars.ofEpollAlone());
        String moved = "com.acme.shade_d_jars." + OnEpoll.class.getName();

        String printed = Child.java(
                "-cp", Jars.pathWithPrograms(path), InOrder.class.getName(), moved, OnEpoll.class.getName(), moved);

        assertThat(printed.lines().filter(line -> line.startsWith("captured uid=")))
                .hasSize(3);
        assertThat(printed.lines().filter("available=true"::equals)).hasSize(3);
    }

    @Test
    void classes_below_another_package_without_the_renamed_library_say_so() throws IOException {
        Path shaded = relocate("com.acme.shade_d_jars." + PACKAGE, UnaryOperator.identity());

        String library = Path.of(Jars.LIBRARY).getFileName().toString();
        assertThat(run(shaded, "com.acme.shade_d_jars." + OnEpoll.class.getName()))
                .contains("cause=netty-peercred was relocated and its native library was not: the jar holds no"
                        + " META-INF/native/" + library.replace("libnetty", "libcom_acme_shade_1d_1jars_netty")
                        + ", which is what META-INF/native/" + library + " must be renamed to");
    }

    @Test
    void classes_below_another_package_with_the_file_of_those_in_place_say_so() throws IOException {
        Path shaded = relocate("com.acme.shade_d_jars." + PACKAGE, RelocationTest::renameLibrary);
        Path file = Files.write(folder.resolve("libnetty_peercred.so"), Jars.library());
        List<Path> path = new ArrayList<>(List.of(shaded));
        path.addAll(Jars.ofEpollAlone());
        String option = "-Dnettypeercred.native.file=" + file;
        String program = "com.acme.shade_d_jars." + OnEpoll.class.getName();

        assertThat(Child.java(option, "-cp", Jars.path(path), program))
                .contains("cause=the native library gave its functions to another copy of netty-peercred than"
                        + " com.acme.shade_d_jars.io.github.nettypeercred.jni.NativeLibrary: for this one the file's"
                        + " name must be libcom_acme_shade_1d_1jars_netty_peercred_linux_")
                .contains("refused UNAVAILABLE: ");
        assertThat(Child.java(option, "-cp", Jars.path(withoutOurs(path)), program))
                .contains("its name must be libcom_acme_shade_1d_1jars_netty_peercred_linux_")
                .contains("refused UNAVAILABLE: ");
    }

    private static List<Path> withoutOurs(List<Path> path) {
        return path.stream().filter(jar -> !Jars.isOurs(jar)).toList();
    }

    @Test
    void classes_under_a_package_that_does_not_end_in_ours_say_so() throws IOException {
        Path shaded = relocate("com.acme.peers", RelocationTest::renameLibrary);

        assertThat(run(shaded, "com.acme.peers.packaging.app.OnEpoll"))
                .contains("cause=netty-peercred was relocated to com.acme.peers.jni.NativeLibrary: only a package in"
                        + " front of the original one is supported");
    }

    /** As netty-jni-util reads the package out of the file's name: "_" for ".", "_1" for "_". */
    private static String renameLibrary(String name) {
        return name.replace("/libnetty_peercred_", "/libcom_acme_shade_1d_1jars_netty_peercred_");
    }

    private static String run(Path shaded, String program) {
        List<Path> path = new ArrayList<>(List.of(shaded));
        Jars.ofEpollAlone().stream().filter(jar -> !Jars.isOurs(jar)).forEach(path::add);
        return Child.java("-cp", Jars.path(path), program);
    }

    /** Makes one jar of ours and the program, as maven-shade-plugin would: names, strings and services too. */
    private Path relocate(String target, UnaryOperator<String> library) throws IOException {
        Renaming renaming = new Renaming(target);
        Path shaded = folder.resolve("shaded.jar");
        Set<String> written = new HashSet<>();
        try (OutputStream out = Files.newOutputStream(shaded);
                JarOutputStream jar = new JarOutputStream(out)) {
            for (Path source : Jars.ofEpollAlone().stream().filter(Jars::isOurs).toList()) {
                try (JarFile file = new JarFile(source.toFile())) {
                    for (JarEntry entry : file.stream().toList()) {
                        String name = entry.getName();
                        if (!entry.isDirectory()
                                && !name.equals("module-info.class")
                                && !name.contains("maven")
                                && !name.matches("META-INF/(MANIFEST.MF|LICENSE|NOTICE)")) {
                            write(jar, written, renaming, library.apply(name), Jars.entry(source, name));
                        }
                    }
                }
            }
            try (Stream<Path> programs = Files.walk(Jars.programs())) {
                for (Path program : programs.filter(path -> path.toString().contains("/app/"))
                        .toList()) {
                    write(
                            jar,
                            written,
                            renaming,
                            Jars.programs().relativize(program).toString(),
                            Files.readAllBytes(program));
                }
            }
        }
        return shaded;
    }

    private static void write(JarOutputStream jar, Set<String> written, Renaming renaming, String name, byte[] content)
            throws IOException {
        String newName = name;
        byte[] newContent = content;
        if (name.endsWith(".class")) {
            newName = renaming.map(name.substring(0, name.length() - 6)) + ".class";
            ClassWriter writer = new ClassWriter(0);
            new ClassReader(content).accept(new ClassRemapper(writer, renaming), 0);
            newContent = writer.toByteArray();
        } else if (name.startsWith("META-INF/services/")) {
            newName = "META-INF/services/" + renaming.text(name.substring("META-INF/services/".length()));
            newContent = renaming.text(new String(content, UTF_8)).getBytes(UTF_8);
        }
        assertThat(written.add(newName)).as("%s is there once", newName).isTrue();
        jar.putNextEntry(new JarEntry(newName));
        jar.write(newContent);
        jar.closeEntry();
    }

    private static final class Renaming extends Remapper {
        private final String target;

        Renaming(String target) {
            super(Opcodes.ASM9);
            this.target = target;
        }

        @Override
        public String map(String internalName) {
            return internalName.replace(PACKAGE.replace('.', '/'), target.replace('.', '/'));
        }

        @Override
        public Object mapValue(Object value) {
            return value instanceof String string ? text(string) : super.mapValue(value);
        }

        String text(String text) {
            return map(text.replace(PACKAGE, target));
        }
    }
}
