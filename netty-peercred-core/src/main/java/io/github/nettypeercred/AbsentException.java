// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.util.Objects;

/** Thrown by an accessor that promises a value when there is none; carries the reason. */
public final class AbsentException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // an exception that travels by Java serialization loses nothing that anybody relies on
    private final transient Absence absence;

    /**
     * Makes an exception out of an absence.
     *
     * @param absence why there is no value
     */
    public AbsentException(Absence absence) {
        super(Objects.requireNonNull(absence, "absence").toString());
        this.absence = absence;
    }

    /**
     * Returns why there is no value.
     *
     * @return the absence
     */
    public Absence absence() {
        return absence;
    }
}
