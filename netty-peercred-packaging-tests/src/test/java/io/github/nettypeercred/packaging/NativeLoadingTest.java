// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.packaging.app.LibraryCause;
import io.github.nettypeercred.packaging.app.OnEpoll;
import io.github.nettypeercred.packaging.app.OnIoUring;
import io.github.nettypeercred.packaging.app.OnKQueue;
import io.github.nettypeercred.packaging.app.TwoClassLoaders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the native library comes from, and what is said where none can be loaded. */
class NativeLoadingTest {
    private static final String FILE = "-Dnettypeercred.native.file=";
    private static final String FOLDER = "-Dnettypeercred.native.folder=";
    private static final String FILE_NAME = Path.of(Jars.LIBRARY).getFileName().toString();

    @TempDir
    Path folder;

    @Test
    void file_named_by_the_property_is_loaded() throws IOException {
        Path file = Files.write(folder.resolve("libnetty_peercred_of_mine.so"), Jars.library());

        assertThat(loading(FILE + file)).contains("cause=none", "mapped=" + file);
    }

    @Test
    void file_named_by_the_property_goes_before_the_library_path() throws IOException {
        Files.write(folder.resolve(FILE_NAME), Jars.library());
        Path file = Files.write(folder.resolve("libnetty_peercred_of_mine.so"), Jars.library());

        assertThat(loading(FILE + file, "-Djava.library.path=" + folder)).contains("cause=none", "mapped=" + file);
    }

    @Test
    void library_path_goes_before_the_jar() throws IOException {
        Path file = Files.write(folder.resolve(FILE_NAME), Jars.library());

        assertThat(loading("-Djava.library.path=" + folder)).contains("cause=none", "mapped=" + file);
    }

    @Test
    void library_path_with_a_damaged_file_leaves_the_jar() throws IOException {
        Files.writeString(folder.resolve(FILE_NAME), "no library");

        assertThat(loading("-Djava.library.path=" + folder))
                .contains("cause=none")
                .contains("(deleted)");
    }

    @Test
    void jar_is_loaded_through_a_file_that_is_gone_afterwards() throws IOException {
        assertThat(loading("-Djava.io.tmpdir=" + folder))
                .contains("cause=none")
                .containsPattern("mapped=" + folder + "/libnetty_peercred\\S+\\.so \\(deleted\\)");
        assertFolderIsEmpty();
    }

    @Test
    void folder_property_goes_before_the_temporary_folder() throws IOException {
        assertThat(loading(FOLDER + folder, "-Djava.io.tmpdir=/nowhere"))
                .contains("cause=none")
                .contains("mapped=" + folder);
        assertFolderIsEmpty();
    }

    @Test
    void two_class_loaders_each_load_from_the_jar() {
        assertThat(inTwoClassLoaders()).contains("cause 1=none", "cause 2=none");
    }

    @Test
    void two_class_loaders_with_one_named_file_say_so() throws IOException {
        Path file = Files.write(folder.resolve(FILE_NAME), Jars.library());

        assertThat(inTwoClassLoaders(FILE + file))
                .contains("cause 1=none")
                .contains("cause 2=cannot load " + file
                        + ": another class loader of this process has it, and each needs a file of its own");
    }

    @Test
    void missing_file_is_said_so() {
        assertThat(loading(FILE + "/nowhere/libnetty_peercred.so"))
                .contains("cause=cannot load /nowhere/libnetty_peercred.so: there is no such file; name another file"
                        + " with -Dnettypeercred.native.file");
    }

    @Test
    void text_file_is_damaged() throws IOException {
        Path file = Files.writeString(folder.resolve(FILE_NAME), "no library ".repeat(100));

        assertThat(loading(FILE + file))
                .contains("cause=cannot load " + file + ": it is damaged: it does not begin as an ELF file does");
    }

    @Test
    void empty_file_is_damaged() throws IOException {
        Path file = Files.createFile(folder.resolve(FILE_NAME));

        assertThat(loading(FILE + file))
                .contains("cause=cannot load " + file + ": it is damaged: it does not begin as an ELF file does");
    }

    @Test
    void file_cut_short_is_damaged_and_does_not_kill_the_process() throws IOException {
        Path file = Files.write(folder.resolve(FILE_NAME), Arrays.copyOf(Jars.library(), 5000));

        assertThat(loading(FILE + file)).contains("cause=cannot load " + file + ": it is damaged: its end is missing");
    }

    @Test
    void file_for_another_architecture_is_said_so() throws IOException {
        byte[] library = Jars.library();
        int other = library[18] == 62 ? 183 : 62; // e_machine: EM_X86_64, EM_AARCH64
        library[18] = (byte) other;
        Path file = Files.write(folder.resolve(FILE_NAME), library);

        assertThat(loading(FILE + file))
                .contains("cause=cannot load " + file
                        + ": it is not a library for this machine's architecture: it is for ELF machine " + other
                        + " with 64 bits, and Java (" + System.getProperty("os.arch") + ") runs on ");
    }

    @Test
    void file_without_our_name_is_told_the_name() throws IOException {
        Path file = Files.write(folder.resolve("peercred.so"), Jars.library());

        assertThat(loading(FILE + file))
                .contains("cause=cannot load " + file + ": its name must be libnetty_peercred_");
    }

    @Test
    void unknown_architecture_is_told_what_the_jar_lacks() {
        assertThat(loading("-Dos.arch=s390x"))
                .contains("cause=netty-peercred has no native library for this platform: its jar holds no"
                        + " META-INF/native/libnetty_peercred_linux_s390x.so; build it here with `mvn package` and name"
                        + " it with -Dnettypeercred.native.file");
    }

    @Test
    void missing_folder_is_told_the_property() {
        assertThat(loading(FOLDER + "/nowhere"))
                .contains("cause=cannot write the native library to folder /nowhere: name another folder with"
                        + " -Dnettypeercred.native.folder [java.nio.file.NoSuchFileException: /nowhere/");
    }

    @Test
    void read_only_folder_is_told_the_property() {
        assumeMayMount();

        assertThat(loadingWithMount("mount -t tmpfs -o ro tmpfs " + folder, FOLDER + folder))
                .contains("cause=cannot write the native library to folder " + folder + ": name another folder with"
                        + " -Dnettypeercred.native.folder")
                .contains("Read-only file system");
    }

    @Test
    void full_folder_is_told_the_property() {
        assumeMayMount();

        assertThat(loadingWithMount("mount -t tmpfs -o size=4k tmpfs " + folder, FOLDER + folder))
                .contains("cause=cannot write the native library to folder " + folder + ": name another folder with"
                        + " -Dnettypeercred.native.folder")
                .contains("No space left on device");
    }

    @Test
    void noexec_folder_is_told_the_property() {
        assumeMayMount();

        assertThat(loadingWithMount("mount -t tmpfs -o noexec tmpfs " + folder, FOLDER + folder))
                .contains("cause=cannot load " + folder)
                .contains(": its folder " + folder
                        + " is mounted noexec; name another folder with -Dnettypeercred.native.folder");
    }

    @Test
    void file_on_a_noexec_mount_is_told_to_be_elsewhere() throws IOException {
        assumeMayMount();
        Path original = Files.write(folder.resolve(FILE_NAME), Jars.library());
        Path mounted = Files.createDirectory(folder.resolve("with blank"));

        assertThat(loadingWithMount(
                        "mount -t tmpfs -o noexec tmpfs '" + mounted + "' && cp " + original + " '" + mounted + "'",
                        FILE + mounted.resolve(FILE_NAME)))
                .contains(": its folder " + mounted
                        + " is mounted noexec; name another file with -Dnettypeercred.native.file");
    }

    @Test
    void native_access_denied_by_java_is_told_the_option() {
        assumeTrue(Runtime.version().feature() >= 24, "Java denies native access from 24 on");

        assertThat(loading("--illegal-native-access=deny"))
                .contains("cause=Java forbids netty-peercred to load its native library: start java with"
                        + " --enable-native-access=ALL-UNNAMED");
        assertThat(loading("--illegal-native-access=deny", "--enable-native-access=ALL-UNNAMED"))
                .contains("cause=none");
    }

    @Test
    void epoll_without_our_library_refuses_the_peer_and_closes() {
        assertRefusal(onClassPath(OnEpoll.class, FILE + "/nowhere/libnetty_peercred.so"));
    }

    @Test
    void io_uring_without_our_library_refuses_the_peer_and_closes() {
        String printed = onClassPath(OnIoUring.class, FILE + "/nowhere/libnetty_peercred.so");

        assumeTrue(
                !printed.contains("Netty's io_uring transport is not available"),
                "this kernel lets nobody use io_uring");
        assertRefusal(printed);
    }

    private static void assertRefusal(String printed) {
        String cause = "cannot load /nowhere/libnetty_peercred.so: there is no such file; name another file with"
                + " -Dnettypeercred.native.file";
        assertThat(printed.lines())
                .contains(
                        "available=false",
                        "cause=" + cause,
                        "ensure failed=" + cause,
                        "refused UNAVAILABLE: " + cause,
                        "server closed=true",
                        "client closed=true")
                .doesNotContain("active", "message");
    }

    @Test
    void epoll_that_netty_cannot_load_is_said_so() {
        String printed = onClassPath(OnEpoll.class, "-Dio.netty.transport.noNative=true");

        assertThat(printed.lines()).contains("available=false");
        assertThat(printed)
                .contains("cause=Netty's epoll transport is not available: ")
                .contains("ensure failed=Netty's epoll transport is not available: ")
                .contains("-Dio.netty.transport.noNative=true")
                .doesNotContain("--add-modules");
    }

    @Test
    void io_uring_that_netty_cannot_load_is_said_so() {
        String printed = onClassPath(OnIoUring.class, "-Dio.netty.transport.noNative=true");

        assertThat(printed.lines()).contains("available=false");
        assertThat(printed)
                .contains("cause=Netty's io_uring transport is not available: ")
                .contains("ensure failed=Netty's io_uring transport is not available: ")
                .contains("-Dio.netty.transport.noNative=true")
                .doesNotContain("--add-modules");
    }

    @Test
    void kqueue_on_linux_is_unavailable_and_leaves_epoll_alone() {
        String printed = onClassPath(OnKQueue.class);

        assertThat(printed.lines())
                .contains(
                        "available=false",
                        "cause=Netty's kqueue transport is not available: Only supported on OSX/BSD; on Linux use"
                                + " netty-peercred-epoll or netty-peercred-io_uring",
                        "active",
                        "message");
        assertThat(printed)
                .contains("ensure failed=Netty's kqueue transport is not available: ")
                .contains("captured uid=");
    }

    private static String loading(String... arguments) {
        return onClassPath(LibraryCause.class, arguments);
    }

    private static String loadingWithMount(String mount, String... arguments) {
        return Child.javaWithMount(mount, command(LibraryCause.class, arguments));
    }

    private static String inTwoClassLoaders(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of(
                "-cp", Jars.programs().toString(), TwoClassLoaders.class.getName(), Jars.path(Jars.ofEpollAlone())));
        return Child.java(all.toArray(new String[0]));
    }

    static String onClassPath(Class<?> program, String... arguments) {
        return Child.java(command(program, arguments));
    }

    private static String[] command(Class<?> program, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("-cp", Jars.pathWithPrograms(Jars.ofAllTransports()), program.getName()));
        return all.toArray(new String[0]);
    }

    private static void assumeMayMount() {
        assumeTrue(Child.IS_ROOT, "only root may mount");
        ProcessBuilder probe = new ProcessBuilder("unshare", "-m", "true");
        try {
            assumeTrue(probe.start().waitFor() == 0, "this container does not let root have a mount namespace");
        } catch (IOException | InterruptedException e) {
            assumeTrue(false, "unshare(1) is not installed");
        }
    }

    private void assertFolderIsEmpty() {
        assertThat(folder).isEmptyDirectory();
    }
}
