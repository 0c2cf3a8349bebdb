// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.grpc.InsecureServerCredentials;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCredentials;
import io.grpc.ServiceDescriptor;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has a gRPC server on Unix domain sockets know its peers by what the kernel says of them, let in whom a policy allows, and let through the
 * calls that a peer has the grants for. For grpc-netty, not for grpc-netty-shaded, whose copy of Netty is another.
 *
 * <pre>{@code
 * GrpcPeerCredentials peers = GrpcPeerCredentials.builder(authorization)
 *         .requireGrant("jobs.Jobs", "jobs.use")
 *         .requireGrant("jobs.Jobs/Cancel", "jobs.cancel")
 *         .allow("grpc.health.v1.Health")
 *         .context()
 *         .build();
 * Server server = peers.forPath(Path.of("/run/jobs/grpc.sock")).addService(new Jobs()).build().start();
 * }</pre>
 *
 * <p><strong>Who is let in.</strong> A connection is decided about before grpc hears of it; TLS too begins after that. Each of its calls has a
 * {@link GrpcPeer} in its attributes. If the peer of a connection is denied, or cannot be known, the connection is closed. If the authorization
 * was built with {@link PeerAuthorization.Builder#decideAgain()}, a reload closes the connections that lost access, with the calls on them;
 * and what a peer may call is asked anew at each call.
 *
 * <p><strong>What a peer may call.</strong> As long as no service and no method is named here: everything. Once one is, a method that is not
 * named, nor its service, takes a grant of its own full name, {@code "package.Service/Method"}: nobody has it whom no rule gives it.
 * {@link Builder#allowOthers()} lets everybody call those. A call without its grant ends with PERMISSION_DENIED and no description, and is told
 * as {@link PeerAuthorization#permits} does, with the full name of the method; other calls of the connection go on. Shadow mode lets peers in,
 * but gives nobody a grant that no rule gives.
 *
 * <p>A call that has no peer in its attributes ends with UNAUTHENTICATED: where the channel factory of the builder was set again after this
 * was installed. Which methods a server has, it says to everybody it lets in: for one that it has not grpc answers UNIMPLEMENTED, before it
 * asks an interceptor.
 *
 * <p>What the kernel attests is who connected. A process may pass its connection on, or drop its privileges after it has connected.
 *
 * <p>An object serves one server. May be used from any thread.
 */
public final class GrpcPeerCredentials {
    /** How many denied peers at once are told so. */
    private static final int MOST_FAREWELLS = 64;

    private final PeerAuthorization authorization;
    private final Capturing capturing;
    private final boolean farewell;
    private final GrantInterceptor interceptor;
    private final AcceptedPeers accepted = new AcceptedPeers();
    private final Semaphore farewells = new Semaphore(MOST_FAREWELLS);

    private GrpcPeerCredentials(Builder builder) {
        authorization = builder.authorization;
        capturing = new Capturing(builder.groups, builder.label, builder.process);
        farewell = builder.farewell;
        interceptor = new GrantInterceptor(
                new MethodGrants(builder.grants, builder.othersAllowed), builder.context, builder.securityLevel);
    }

    /**
     * Makes one whose peers may call everything once they are let in.
     *
     * @param authorization decides who is let in
     * @return a new object
     */
    public static GrpcPeerCredentials of(PeerAuthorization authorization) {
        return builder(authorization).build();
    }

    /**
     * Begins one.
     *
     * @param authorization decides who is let in, and with which grants
     * @return a new builder
     */
    public static Builder builder(PeerAuthorization authorization) {
        return new Builder(authorization);
    }

    /** Says what is captured, and what the methods take. Not for several threads at once. */
    public static final class Builder {
        private final PeerAuthorization authorization;
        private final Map<String, Optional<String>> grants = new HashMap<>();
        private boolean othersAllowed;
        private boolean groups;
        private boolean label;
        private boolean process;
        private boolean context;
        private boolean farewell;
        private @Nullable SecurityLevel securityLevel;

        private Builder(PeerAuthorization authorization) {
            this.authorization = Objects.requireNonNull(authorization, "authorization");
        }

        /**
         * Has a method, or all methods of a service that have no entry of their own, take a grant. The later of two calls with one name counts.
         *
         * @param name the full name of a service, {@code "package.Service"}, or of a method, {@code "package.Service/Method"}
         * @param grant a name that a rule gives
         * @return this builder
         */
        public Builder requireGrant(String name, String grant) {
            grants.put(checked(name), Optional.of(grant));
            return this;
        }

        /**
         * Has a method take a grant.
         *
         * @param method the method
         * @param grant a name that a rule gives
         * @return this builder
         */
        public Builder requireGrant(MethodDescriptor<?, ?> method, String grant) {
            return requireGrant(method.getFullMethodName(), grant);
        }

        /**
         * Has the methods of a service that have no entry of their own take a grant.
         *
         * @param service the service
         * @param grant a name that a rule gives
         * @return this builder
         */
        public Builder requireGrant(ServiceDescriptor service, String grant) {
            return requireGrant(service.getName(), grant);
        }

        /**
         * Has a method, or all methods of a service that have no entry of their own, take no grant: {@code "grpc.health.v1.Health"}, for one,
         * or {@code "grpc.reflection.v1.ServerReflection"}, which tells what services there are.
         *
         * @param name the full name of a service or of a method
         * @return this builder
         */
        public Builder allow(String name) {
            grants.put(checked(name), Optional.empty());
            return this;
        }

        /**
         * Has the methods that have no entry, nor their service, take no grant. A name that is misspelt above then protects nothing.
         *
         * @return this builder
         */
        public Builder allowOthers() {
            othersAllowed = true;
            return this;
        }

        private static String checked(String name) {
            if (name.isEmpty() || name.startsWith("/") || name.endsWith("/")) {
                throw new IllegalArgumentException(
                        "\"" + name + "\": a service is \"package.Service\", a method \"package.Service/Method\"");
            }
            return name;
        }

        /**
         * Captures the supplementary groups of each peer (SO_PEERGROUPS, Linux 4.13). Without this it does so as long as the policy in force asks
         * for a group.
         *
         * @return this builder
         */
        public Builder groups() {
            groups = true;
            return this;
        }

        /**
         * Captures the label of each peer (SO_PEERSEC). Without this it does so as long as the policy in force asks for a label.
         *
         * @return this builder
         */
        public Builder label() {
            label = true;
            return this;
        }

        /**
         * Captures a handle of each peer's process (SO_PEERPIDFD, Linux 6.5), a descriptor a connection. Without this it does so as long as the
         * policy in force asks what the process is.
         *
         * @return this builder
         */
        public Builder process() {
            process = true;
            return this;
        }

        /**
         * Puts the peer into the context of each call, for {@link GrpcPeer#current()}. It costs what grpc's contexts cost: a context, a
         * listener, and a change of context at each callback.
         *
         * @return this builder
         */
        public Builder context() {
            context = true;
            return this;
        }

        /**
         * Says what {@link ServerCall#getSecurityLevel()} tells services and the interceptors behind this one: without TLS grpc itself says {@link
         * SecurityLevel#NONE}, while gRPC's local credentials in other languages say {@link SecurityLevel#PRIVACY_AND_INTEGRITY} of a Unix domain
         * socket. It costs an object a call, since grpc lets nobody but its own transports put the level into a transport's attributes. For the same
         * reason a client's call credentials that ask for a level have to be content with none.
         *
         * @param level the level
         * @return this builder
         */
        public Builder securityLevel(SecurityLevel level) {
            securityLevel = Objects.requireNonNull(level, "level");
            return this;
        }

        /**
         * Tells a peer that is denied so, in place of closing its connection without a word: the calls of gRPC clients end with PERMISSION_DENIED,
         * not with UNAVAILABLE. It takes up to a second, until the client has sent a
         * request; of more than 64 at once the others are closed without a word. It is HTTP/2 without TLS, so it is for servers without TLS; {@link
         * GrpcPeerCredentials#forPath(Path)} has it anyway.
         *
         * @return this builder
         */
        public Builder farewell() {
            farewell = true;
            return this;
        }

        /**
         * Makes it.
         *
         * @return a new object, for one server
         */
        public GrpcPeerCredentials build() {
            return new GrpcPeerCredentials(this);
        }
    }

    /**
     * Begins a server on a Unix domain socket without TLS, on epoll. Event loops and channels are set already, to event loops that all servers
     * and clients of this kind share; they end with the JVM. Two things are left to the application: a socket that an earlier run left at the path
     * has to be deleted before, and one that other users may connect to made writable for them after the start.
     *
     * @param path where the socket will be
     * @return grpc's builder, to which services are added
     * @throws IllegalStateException if there is no grpc-netty, but grpc-netty-shaded
     * @throws UnsatisfiedLinkError if epoll or our own native library cannot be loaded, with a message that says what to do
     */
    public NettyServerBuilder forPath(Path path) {
        return forPath(path, InsecureServerCredentials.create());
    }

    /**
     * Begins a server on a Unix domain socket, on epoll, as {@link #forPath(Path)} does. With TLS a connection has been decided about before the
     * handshake begins, by who connected alone; what the client shows of certificates is in grpc's own attributes.
     *
     * @param path where the socket will be
     * @param credentials grpc's credentials of the server
     * @return grpc's builder, to which services are added
     * @throws IllegalStateException if there is no grpc-netty, but grpc-netty-shaded
     * @throws UnsatisfiedLinkError if epoll or our own native library cannot be loaded, with a message that says what to do
     */
    public NettyServerBuilder forPath(Path path, ServerCredentials credentials) {
        GrpcNetty.ensureAvailability(GrpcPeerCredentials.class.getClassLoader());
        EventLoopGroup group = SharedLoops.epoll();
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new DomainSocketAddress(path.toString()), credentials)
                .bossEventLoopGroup(group)
                .workerEventLoopGroup(group);
        boolean plaintext = credentials instanceof InsecureServerCredentials;
        return install(builder, EpollServerDomainSocketChannel::new, farewell || plaintext);
    }

    /**
     * Installs all this into a builder: the channel factory, a transport filter and an interceptor. The builder has to have a Unix domain socket
     * for an address, and both event loop groups, of the same transport as the channels; grpc refuses to build a server that has but some of
     * the three. Channels of io_uring and kqueue take our module for that transport.
     *
     * <p>Interceptors run in the reverse order: those that are added later run before ours, for calls too that are then refused.
     *
     * @param builder a {@link NettyServerBuilder} of grpc-netty
     * @param channels makes server channels, {@code EpollServerDomainSocketChannel::new}
     * @param <T> the type of the builder
     * @return the same builder
     * @throws IllegalArgumentException if it is another kind of builder, one of grpc-netty-shaded for instance
     */
    public <T extends ServerBuilder<?>> T install(T builder, ChannelFactory<? extends ServerChannel> channels) {
        GrpcNetty.ensureBuilder(builder, "NettyServerBuilder");
        install((NettyServerBuilder) (ServerBuilder<?>) builder, channels, farewell);
        return builder;
    }

    private NettyServerBuilder install(
            NettyServerBuilder builder, ChannelFactory<? extends ServerChannel> channels, boolean saysFarewell) {
        Objects.requireNonNull(channels, "channels");
        PeerAuthorizationHandler.Builder deciding = PeerAuthorizationHandler.builder(authorization);
        if (saysFarewell) {
            deciding.farewell(denied -> FarewellHandler.farewell());
        }
        AcceptedPeerHandler known = new AcceptedPeerHandler(accepted);
        Consumer<Channel> initializer = child -> {
            child.pipeline()
                    .addLast(capturing.and(authorization.policy().orElse(null)).handler());
            if (saysFarewell) {
                child.pipeline().addLast(new FarewellHandler(farewells));
            }
            child.pipeline().addLast(deciding.build(), known);
        };
        return builder.channelFactory(() -> {
                    ServerChannel server = channels.newChannel();
                    server.pipeline().addLast(capturing.acceptHandler(), new AcceptedPeerInitializer(initializer));
                    return server;
                })
                .withChildOption(
                        ChannelOption.SO_KEEPALIVE, null) // grpc sets it, and Netty would warn of each connection
                .addTransportFilter(new PeerTransportFilter(accepted, authorization))
                .intercept(interceptor);
    }
}
