// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

/** Runs the programs that its arguments name, one after the other in one process. */
public final class InOrder {
    private InOrder() {}

    public static void main(String[] programs) throws Exception {
        for (String program : programs) {
            System.out.println("program=" + program);
            Class.forName(program).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        }
    }
}
