// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Numbers of several rounds. */
final class Samples {
    private final List<Double> values = new ArrayList<>();

    void add(double value) {
        values.add(value);
    }

    boolean isEmpty() {
        return values.isEmpty();
    }

    int size() {
        return values.size();
    }

    double get(int index) {
        return values.get(index);
    }

    double median() {
        return quantile(0.5);
    }

    /** Returns the value below which such a part of all lies. */
    double quantile(double part) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        double at = part * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /** Returns these divided, round by round, by those of another. */
    Samples over(Samples other) {
        Samples ratios = new Samples();
        for (int i = 0; i < Math.min(size(), other.size()); i++) {
            ratios.add(get(i) / other.get(i));
        }
        return ratios;
    }

    /** The median with the middle half, such as "1.13 (1.12 to 1.15)". */
    String format(String number) {
        return isEmpty()
                ? "-"
                : String.format(
                        Locale.ROOT,
                        number + " (" + number + " to " + number + ")",
                        median(),
                        quantile(0.25),
                        quantile(0.75));
    }
}
