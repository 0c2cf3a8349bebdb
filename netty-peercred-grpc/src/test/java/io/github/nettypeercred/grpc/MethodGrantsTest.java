// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MethodGrantsTest {
    @Test
    void nothingNamed_everythingIsOpen() {
        assertThat(new MethodGrants(Map.of(), false).required(Jobs.SUBMIT)).isNull();
    }

    @Test
    void method_goesBeforeItsService_andOthersTakeTheirOwnName() {
        MethodGrants grants = new MethodGrants(
                Map.of(
                        "jobs.Jobs", Optional.of("use"),
                        "jobs.Jobs/Cancel", Optional.of("cancel"),
                        "jobs.Jobs/List", Optional.empty()),
                false);
        assertThat(grants.required(Jobs.SUBMIT)).isEqualTo("use");
        assertThat(grants.required(Jobs.CANCEL)).isEqualTo("cancel");
        assertThat(grants.required(Jobs.LIST)).isNull();
        assertThat(grants.required(Jobs.DROP)).isEqualTo("jobs.Admin/Drop");
        assertThat(grants.required(Jobs.CHECK)).isEqualTo("grpc.health.v1.Health/Check");
    }

    @Test
    void others_areOpenIfAskedFor() {
        MethodGrants grants = new MethodGrants(Map.of("jobs.Jobs", Optional.of("use")), true);
        assertThat(grants.required(Jobs.DROP)).isNull();
        assertThat(grants.required(Jobs.SUBMIT)).isEqualTo("use");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/jobs.Jobs", "jobs.Jobs/"})
    void name_ofNoServiceOrMethod_isRefused(String name) {
        GrpcPeerCredentials.Builder builder = GrpcPeerCredentials.builder(PeerAuthorization.of(
                PeerPolicy.builder().allow("everybody", rule -> rule.anyUser()).build()));
        assertThatThrownBy(() -> builder.requireGrant(name, "use")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.allow(name)).isInstanceOf(IllegalArgumentException.class);
    }
}
