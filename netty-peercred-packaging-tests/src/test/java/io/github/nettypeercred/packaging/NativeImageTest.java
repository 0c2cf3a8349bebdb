// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** What the jars tell GraalVM's native-image: all that the native library and reflection look up by name, and nothing else. */
class NativeImageTest {
    private static final String LOOK_UP =
            "java/lang/Class\\.(forName|get(Declared)?(Method|Field|Constructor)s?)|java/lang/ClassLoader\\.loadClass"
                    + "|java/lang/invoke/MethodHandles\\$Lookup\\.find.*";

    @Test
    void native_names_the_classes_and_files_that_it_looks_up() throws IOException {
        JsonNode metadata = metadata("native");
        String library = new String(Jars.library(), UTF_8);
        Set<String> lookedUp = new TreeSet<>();
        Pattern.compile("io/github/nettypeercred/[\\w/$]+")
                .matcher(library)
                .results()
                .forEach(found -> lookedUp.add(found.group().replace('/', '.')));

        assertThat(lookedUp).hasSize(2);
        assertThat(types(metadata)).containsExactlyElementsOf(lookedUp);
        assertThat(metadata.get("reflection"))
                .allMatch(type -> type.get("jniAccessible").asBoolean());
        assertThat(metadata.get("resources")).hasSize(1);
        String glob = metadata.get("resources").get(0).get("glob").asText();
        assertThat(Jars.LIBRARY).matches(glob.replace(".", "\\.").replace("*", "[^/]*"));
    }

    /** RegisterNatives takes a class alone. A look-up of a member would be a second name in the metadata. */
    @Test
    void native_library_looks_up_no_member() throws IOException {
        Path sources = Path.of("../netty-peercred-native/src/main/c");
        for (String file : List.of("peercred_jni.c", "peercred_service_jni.c")) {
            assertThat(sources.resolve(file))
                    .content()
                    .doesNotContainPattern("Get(Static)?(Method|Field)ID|FindClass|NewObject|ThrowNew|ToReflected");
        }
    }

    @Test
    void core_and_grpc_name_the_classes_that_they_look_up() throws IOException {
        assertThat(types(metadata("core"))).containsExactly("io.netty.channel.IoEventLoop");
        assertThat(types(metadata("grpc")))
                .containsExactly(
                        "io.grpc.netty.NettyServerBuilder", "io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder");
    }

    @Test
    void no_other_class_looks_one_up() throws IOException {
        Set<String> callers = new TreeSet<>();
        for (Path jar : Jars.published()) {
            try (JarFile file = new JarFile(jar.toFile())) {
                for (JarEntry entry : file.stream()
                        .filter(one -> one.getName().endsWith(".class"))
                        .toList()) {
                    try (InputStream in = file.getInputStream(entry)) {
                        addIfItLooksUp(new ClassReader(in), callers);
                    }
                }
            }
        }

        assertThat(callers)
                .containsExactly(
                        "io/github/nettypeercred/Transports",
                        "io/github/nettypeercred/auto/Guarded", // a program's main class: an argument
                        "io/github/nettypeercred/grpc/GrpcNetty");
    }

    private static void addIfItLooksUp(ClassReader reader, Set<String> callers) {
        reader.accept(
                new ClassVisitor(Opcodes.ASM9) {
                    @Override
                    public MethodVisitor visitMethod(
                            int access, String name, String descriptor, String signature, String[] exceptions) {
                        return new MethodVisitor(Opcodes.ASM9) {
                            @Override
                            public void visitMethodInsn(
                                    int opcode, String owner, String called, String type, boolean isInterface) {
                                if ((owner + "." + called).matches(LOOK_UP)) {
                                    callers.add(reader.getClassName());
                                }
                            }
                        };
                    }
                },
                ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
    }

    private static JsonNode metadata(String module) throws IOException {
        return new ObjectMapper()
                .readTree(Jars.entry(
                        Jars.ours(module),
                        "META-INF/native-image/io.github.netty-peercred/netty-peercred-" + module
                                + "/reachability-metadata.json"));
    }

    private static List<String> types(JsonNode metadata) {
        return StreamSupport.stream(metadata.get("reflection").spliterator(), false)
                .map(type -> type.get("type").asText())
                .toList();
    }
}
