// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import io.github.nettypeercred.UnixPeerCredentials;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;

/**
 * The peer of a Unix domain socket, authenticated by the kernel: what it may do are the grants of the policy that let
 * its connection in.
 *
 * <p>There is no public way to make one: {@link UnixPeerAuthenticationConverter} does, for each request anew. Once no
 * longer authenticated it stays so. It cannot be serialized: it speaks of one connection.
 */
public final class UnixPeerAuthentication implements Authentication {
    private static final long serialVersionUID = 1;

    private final transient UnixPeerPrincipal principal;
    private final transient UnixPeerCredentials credentials;
    private final transient List<GrantedAuthority> authorities;
    private transient volatile boolean authenticated = true;

    UnixPeerAuthentication(
            UnixPeerPrincipal principal,
            UnixPeerCredentials credentials,
            Collection<? extends GrantedAuthority> authorities) {
        this.principal = principal;
        this.credentials = credentials;
        this.authorities = List.copyOf(authorities);
    }

    /**
     * Returns the user.
     *
     * @return its id and its name
     */
    @Override
    public UnixPeerPrincipal getPrincipal() {
        return principal;
    }

    /**
     * Returns the name of the user.
     *
     * @return {@link UnixPeerPrincipal#getName}
     */
    @Override
    public String getName() {
        return principal.getName();
    }

    /**
     * Returns what the kernel said of the peer.
     *
     * @return ids, and what else was captured
     */
    @Override
    public UnixPeerCredentials getDetails() {
        return credentials;
    }

    /**
     * Returns nothing: the peer showed no secret.
     *
     * @return null
     */
    @Override
    public @Nullable Object getCredentials() {
        return null;
    }

    /**
     * Returns an authority for each grant of the policy, of the same name unless the converter maps them.
     *
     * @return the authorities, not to be changed
     */
    @Override
    public Collection<? extends GrantedAuthority> getAuthorities() {
        return authorities;
    }

    /**
     * Returns whether the trust has not been taken back.
     *
     * @return true, until {@link #setAuthenticated}
     */
    @Override
    public boolean isAuthenticated() {
        return authenticated;
    }

    /**
     * Takes the trust back.
     *
     * @param isAuthenticated false
     * @throws IllegalArgumentException if true
     */
    @Override
    public void setAuthenticated(boolean isAuthenticated) {
        if (isAuthenticated) {
            throw new IllegalArgumentException("only a capture authenticates a peer");
        }
        authenticated = false;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof UnixPeerAuthentication that
                && authenticated == that.authenticated
                && principal.equals(that.principal)
                && credentials.equals(that.credentials)
                && authorities.equals(that.authorities);
    }

    @Override
    public int hashCode() {
        return Objects.hash(principal, credentials, authorities);
    }

    /** One line for logs: the ids and the authorities, without the name. */
    @Override
    public String toString() {
        return (authenticated ? "authenticated " : "not authenticated ") + credentials + " authorities=" + authorities;
    }

    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException(UnixPeerAuthentication.class.getName());
    }

    private void readObject(ObjectInputStream in) throws NotSerializableException {
        throw new NotSerializableException(UnixPeerAuthentication.class.getName());
    }
}
