// SPDX-License-Identifier: Apache-2.0
@NullMarked
package io.github.nettypeercred.grpc;

import org.jspecify.annotations.NullMarked;
