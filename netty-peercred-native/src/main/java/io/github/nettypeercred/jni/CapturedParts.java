// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.process.PeerProcess;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** What a capture brings besides ids and groups, made of the memory that it filled. */
final class CapturedParts {
    /** The size of a label of SELinux is bounded by a page, those of the others are shorter. */
    private static final int LABEL_LIMIT = 64 * 1024;

    private CapturedParts() {}

    /** Takes the process descriptor, which has an owner from now on. */
    static Answer<PeerProcess> process(CaptureBuffer buffer, String call) {
        return buffer.pidfdStatus() == Status.OK
                ? Answer.known(new PeerProcess(buffer.pidfd(), NativeProcessCalls.INSTANCE))
                : Answer.unknown(Status.absence(call, buffer.pidfdStatus(), buffer.pidfdErrno()));
    }

    /** Takes the label, after another capture into more memory if it is longer than this. */
    static Answer<String> label(CaptureBuffer first, String call, Consumer<CaptureBuffer> again) {
        CaptureBuffer buffer = first;
        if (buffer.labelStatus() == Status.TOO_SMALL && buffer.labelLength() <= LABEL_LIMIT) {
            buffer = new CaptureBuffer(0, buffer.labelLength());
            again.accept(buffer);
        }
        if (buffer.labelStatus() == Status.UNSUPPORTED) {
            return Answer.unknown(new Absence(
                    AbsenceReason.UNSUPPORTED, call + ": no Linux security module that labels sockets is active"));
        }
        return buffer.labelStatus() == Status.OK
                ? decode(buffer.label(), call)
                : Answer.unknown(Status.absence(call, buffer.labelStatus(), 0));
    }

    /** Decodes a label. One that is not plain text stays unknown, lest two labels look alike. */
    static Answer<String> decode(byte[] label, String call) {
        int length = label.length > 0 && label[label.length - 1] == 0 ? label.length - 1 : label.length;
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(label, 0, length))
                    .toString();
            if (text.indexOf('\0') < 0) {
                return Answer.known(text);
            }
        } catch (CharacterCodingException e) {
            // reported below
        }
        return Answer.unknown(new Absence(AbsenceReason.MALFORMED, call + ": the label is not UTF-8 text"));
    }
}
