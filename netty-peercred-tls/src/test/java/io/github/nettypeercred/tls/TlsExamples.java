// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.tls;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslContext;
import java.io.File;
import javax.net.ssl.SSLException;

/** The code of docs/authorization.md about TLS. It is compiled alone. */
final class TlsExamples {
    private TlsExamples() {}

    static SslContext context(File chain, File key, File authorities) throws SSLException {
        SslContext context = MutualTls.forServer(chain, key, null) // OpenSSL if netty-tcnative is there, else the JDK's
                .trust(authorities)
                .build();
        return context;
    }

    static void add(Channel channel, SslContext context, PeerAuthorization authorization, ChannelHandler application) {
        channel.pipeline()
                .addLast(new PeerCredentialsHandler()) // on a Unix domain socket, and there alone
                .addLast(context.newHandler(channel.alloc()), new TlsCertificateHandler())
                .addLast(new PeerAuthorizationHandler(authorization))
                .addLast(application);
    }
}
