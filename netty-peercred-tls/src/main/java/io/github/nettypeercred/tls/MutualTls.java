// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.File;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Objects;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Makes the {@link SslContext} of a server that asks each client for a certificate and accepts those of the authorities it is given, and
 * no others: TLS 1.3 and 1.2.
 *
 * <p>An authority that is trusted may vouch for any name, and make others of any name: {@code certificate-issuer} compares names, and does not hold
 * apart several that are trusted. Where one is not to vouch for what another does, give each a listener, a context and a policy of its own.
 * Whether a certificate was revoked is not asked; give them short lives. A client that resumes a session shows no certificate again: that of the
 * session counts until it runs out. A context knows no sessions of another: to stop trusting an authority make a new one.
 */
public final class MutualTls {
    private final SslContextBuilder builder;
    private final SslProvider provider;
    private boolean trusted;
    private ClientAuth clientAuth = ClientAuth.REQUIRE;

    private MutualTls(SslContextBuilder builder, @Nullable SslProvider provider) {
        this.provider = provider == null ? SslContext.defaultServerProvider() : provider;
        this.builder = builder.sslProvider(this.provider);
    }

    /**
     * Begins the context of a server.
     *
     * @param chain a PEM file of its certificate and those above it
     * @param key a PEM file of its key, of PKCS #8
     * @param provider {@link SslProvider#OPENSSL}, which takes netty-tcnative, or {@link SslProvider#JDK}; null for the first if it is there, else
     *     the second
     * @return a new object
     */
    public static MutualTls forServer(File chain, File key, @Nullable SslProvider provider) {
        return new MutualTls(SslContextBuilder.forServer(chain, key), provider);
    }

    /**
     * Begins the context of a server.
     *
     * @param key its key
     * @param provider as above
     * @param chain its certificate and those above it
     * @return a new object
     */
    public static MutualTls forServer(PrivateKey key, @Nullable SslProvider provider, X509Certificate... chain) {
        return new MutualTls(SslContextBuilder.forServer(key, chain), provider);
    }

    /**
     * Says which authorities may vouch for clients.
     *
     * @param authorities a PEM file of their certificates
     * @return this
     */
    public MutualTls trust(File authorities) {
        builder.trustManager(Objects.requireNonNull(authorities, "authorities"));
        trusted = true;
        return this;
    }

    /**
     * Says which authorities may vouch for clients.
     *
     * @param authorities their certificates, one or more
     * @return this
     */
    public MutualTls trust(X509Certificate... authorities) {
        if (authorities.length == 0) {
            throw new IllegalArgumentException("no authorities");
        }
        builder.trustManager(authorities);
        trusted = true;
        return this;
    }

    /**
     * Lets the handshake succeed also with clients that show no certificate: the policy then decides, on a Unix domain socket by the kernel's
     * word, and denies on others. A certificate that is shown has to be a good one all the same.
     *
     * @return this
     */
    public MutualTls certificateOptional() {
        clientAuth = ClientAuth.OPTIONAL;
        return this;
    }

    /**
     * Makes the context.
     *
     * @return a new context
     * @throws IllegalStateException if no authority was named: those of the system vouch for anybody
     * @throws SSLException if key or certificates cannot be used
     */
    public SslContext build() throws SSLException {
        if (!trusted) {
            throw new IllegalStateException("which authorities may vouch for clients? Call trust(..)");
        }
        return builder.clientAuth(clientAuth).protocols("TLSv1.3", "TLSv1.2").build();
    }

    @Override
    public String toString() {
        return "MutualTls(" + provider + ", client authentication " + clientAuth + ')';
    }
}
