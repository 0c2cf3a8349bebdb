// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.Handle;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.Remapper;

/** Every class and member of Netty that the connect-time path on epoll and the policies name, looked up in Netty 4.1. */
class Netty41ApiTest {
    /** What 4.1 does not reach: it waits on Netty 4.2's IoEventLoop. */
    private static final Set<String> OF_NETTY_42 = Set.of("io/github/nettypeercred/epoll/EpollReadiness");

    private final Map<String, Set<String>> members = new HashMap<>();
    private final Map<String, List<String>> parents = new HashMap<>();
    private final Set<String> missing = new TreeSet<>();
    private int checked;

    @Test
    void core_native_epoll_authz_and_sasl_name_only_what_netty_41_has() throws IOException {
        for (Path jar : Jars.ofNetty41()) {
            forEachClass(jar, this::learn);
        }
        for (String module : List.of("core", "native", "epoll", "authz", "sasl")) {
            forEachClass(Jars.ours(module), this::checkUnlessOfNetty42);
        }

        assertThat(missing).isEmpty();
        assertThat(checked).isGreaterThan(100);
    }

    @Test
    void io_uring_names_what_netty_41_has_not() throws IOException {
        for (Path jar : Jars.ofNetty41()) {
            forEachClass(jar, this::learn);
        }
        forEachClass(Jars.ours("io_uring"), this::check);

        assertThat(missing).anyMatch(name -> name.startsWith("io/netty/channel/uring/"));
    }

    /** The channel of our own needs the event loops of 4.2; no other class names it, so it is loaded by who uses it. */
    private void checkUnlessOfNetty42(ClassReader reader) {
        if (!reader.getClassName().contains("/EpollAttestedDatagramChannel")) {
            check(reader);
        }
    }

    private interface ForClass {
        void accept(ClassReader reader);
    }

    private static void forEachClass(Path jar, ForClass action) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            for (String name : file.stream().map(Object::toString).toList()) {
                if (name.endsWith(".class") && !name.endsWith("module-info.class")) {
                    action.accept(new ClassReader(Jars.entry(jar, name)));
                }
            }
        }
    }

    private void learn(ClassReader reader) {
        Set<String> names = new HashSet<>();
        members.put(reader.getClassName(), names);
        parents.put(reader.getClassName(), List.of(reader.getInterfaces()));
        if (reader.getSuperName() != null) {
            parents.merge(reader.getClassName(), List.of(reader.getSuperName()), Netty41ApiTest::join);
        }
        reader.accept(
                new ClassVisitor(Opcodes.ASM9) {
                    @Override
                    public MethodVisitor visitMethod(
                            int access, String name, String descriptor, String signature, String[] exceptions) {
                        names.add(name + descriptor);
                        return null;
                    }

                    @Override
                    public FieldVisitor visitField(
                            int access, String name, String descriptor, String signature, Object value) {
                        names.add(name + ":" + descriptor);
                        return null;
                    }
                },
                ClassReader.SKIP_CODE);
    }

    private static List<String> join(List<String> one, List<String> other) {
        return Stream.concat(one.stream(), other.stream()).toList();
    }

    /** A remapper that changes nothing sees every type, and a visitor of methods every member. */
    private void check(ClassReader reader) {
        if (OF_NETTY_42.contains(reader.getClassName())) {
            return;
        }
        Remapper types = new Remapper(Opcodes.ASM9) {
            @Override
            public String map(String internalName) {
                if (isNetty(internalName)) {
                    checked++;
                    if (!members.containsKey(internalName)) {
                        missing.add(internalName);
                    }
                }
                return internalName;
            }
        };
        reader.accept(new ClassRemapper(new MemberVisitor(), types), 0);
    }

    private static boolean isNetty(String owner) {
        return owner.startsWith("io/netty/");
    }

    private void checkMember(String owner, String member) {
        if (isNetty(owner)) {
            checked++;
            if (!has(owner, member)) {
                missing.add(owner + "." + member);
            }
        }
    }

    private boolean has(String owner, String member) {
        Set<String> own = members.get(owner);
        if (own == null) {
            return !isNetty(owner) && jdkHas(owner, member.split("[(:]", 2)[0]);
        }
        return own.contains(member)
                || parents.getOrDefault(owner, List.of()).stream().anyMatch(parent -> has(parent, member));
    }

    /** What a class of Netty inherits from the JDK, by its name alone. */
    private static boolean jdkHas(String owner, String method) {
        try {
            return Stream.of(Class.forName(owner.replace('/', '.')).getMethods())
                    .anyMatch(each -> each.getName().equals(method));
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private final class MemberVisitor extends ClassVisitor {
        MemberVisitor() {
            super(Opcodes.ASM9);
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] exceptions) {
            return new MethodVisitor(Opcodes.ASM9) {
                @Override
                public void visitMethodInsn(
                        int opcode, String owner, String called, String calledDescriptor, boolean isInterface) {
                    checkMember(owner, called + calledDescriptor);
                }

                @Override
                public void visitFieldInsn(int opcode, String owner, String field, String fieldDescriptor) {
                    checkMember(owner, field + ":" + fieldDescriptor);
                }

                @Override
                public void visitInvokeDynamicInsn(
                        String dynamic, String dynamicDescriptor, Handle bootstrap, Object... arguments) {
                    for (Object argument : arguments) {
                        if (argument instanceof Handle handle) {
                            checkMember(handle.getOwner(), handle.getName() + handle.getDesc());
                        }
                    }
                }
            };
        }
    }
}
