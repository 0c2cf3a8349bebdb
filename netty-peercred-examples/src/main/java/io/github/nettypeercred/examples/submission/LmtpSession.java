// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import io.github.nettypeercred.authz.PeerAccess;
import io.netty.channel.Channel;
import java.io.IOException;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** LMTP (RFC 2033) in which users send in their own names. Entries are messages in their envelopes, as batch SMTP (RFC 2442). */
final class LmtpSession extends QueueSession {
    private static final int LARGEST = 1 << 20;
    private static final int MOST_RECIPIENTS = 100;
    private static final String ADDRESS = "<([!-;=?-~]*)>";
    private static final Pattern MAIL = Pattern.compile("(?i)MAIL FROM:" + ADDRESS + "( BODY=(7BIT|8BITMIME))?");
    private static final Pattern RCPT = Pattern.compile("(?i)RCPT TO:" + ADDRESS);
    private static final Pattern FIELD = Pattern.compile("(?s)([!-9;-~]+)[ \t]*:(.*)\r\n");

    private static final String NAME = "[\\s!-~&&[^<>()@,:;\"\\\\=?]]*+";
    private static final String QUOTED = "\"[\\s!-~&&[^<>@\"\\\\=?]]*+\"\\s*+";

    /** One address, with at most a display name of ASCII in which nothing looks like an address, or like an encoded word. */
    private static final Pattern FROM =
            Pattern.compile(",\\s*+(?:(?:" + NAME + "|" + QUOTED + ")" + ADDRESS + "|([!-;=?-~]++))\\s*+");

    private static final Set<String> NOT_THE_CLIENTS = Set.of(
            "return-path",
            "sender",
            "resent-from",
            "resent-sender",
            "received",
            "received-spf",
            "delivered-to",
            "authentication-results");

    private final String domain;
    private final List<String> recipients = new ArrayList<>();
    private @Nullable String sender;
    private @Nullable StringBuilder data;
    private String refusal = "";
    private boolean lineEnded = true;

    LmtpSession(SubmissionQueue queue, String domain) {
        super(queue, "220 " + domain + " LMTP");
        this.domain = domain;
    }

    @Override
    String answer(Channel peer, String line) {
        boolean proper =
                line.endsWith("\r\n") && line.indexOf('\r') == line.length() - 2 && line.length() <= Lines.LONGEST;
        if (data != null) {
            return data(peer, data, line, proper);
        }
        String command = proper ? line.trim() : "";
        return switch (command.toUpperCase(Locale.ROOT).split("[ :]", 2)[0]) {
            case "LHLO" -> reset("250-" + domain + "\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME");
            case "MAIL" -> mail(peer, MAIL.matcher(command), command);
            case "RCPT" -> rcpt(RCPT.matcher(command));
            case "DATA" -> data();
            case "RSET" -> reset("250 2.0.0 ok");
            case "NOOP" -> "250 2.0.0 ok";
            case "QUIT" -> "221 2.0.0 bye";
            default -> "500 5.5.2 no such command, a bare CR or LF, or too long";
        };
    }

    private String reset(String answer) {
        recipients.clear();
        sender = null;
        data = null;
        refusal = "";
        lineEnded = true;
        return answer;
    }

    private String mail(Channel peer, Matcher mail, String command) {
        if (sender != null || !mail.matches()) {
            return "503 5.5.1 not now, or not understood";
        }
        if (!queue.peers().mayGoOn(peer)) {
            return "451 4.7.1 too many, wait";
        }
        String address = mail.group(1);
        boolean may = address.isEmpty()
                ? queue.peers().may(peer, "as-nobody", command)
                : queue.peers().mayActAs(peer, userOf(address), command);
        sender = may ? address : null;
        return may ? "250 2.1.0 ok" : "550 5.7.1 you may not send as " + address;
    }

    /** The user of an address of this domain, or an empty text. */
    private String userOf(String address) {
        int at = address.lastIndexOf('@');
        boolean here = at < 0 || address.substring(at + 1).equalsIgnoreCase(domain);
        return here ? address.substring(0, at < 0 ? address.length() : at) : "";
    }

    private String rcpt(Matcher rcpt) {
        if (sender == null || recipients.size() == MOST_RECIPIENTS || !rcpt.matches()) {
            return sender == null ? "503 5.5.1 MAIL first" : "452 4.5.3 too many, or not understood";
        }
        recipients.add(rcpt.group(1));
        return "250 2.1.5 ok";
    }

    private String data() {
        data = recipients.isEmpty() ? null : new StringBuilder();
        return data == null ? "503 5.5.1 no recipients" : "354 go on";
    }

    private String data(Channel peer, StringBuilder message, String line, boolean proper) {
        if (line.equals(".\r\n") && lineEnded) {
            String answer = refusal.isEmpty() ? tried(peer, () -> put(peer, message.toString())) : refusal;
            return reset(recipients.stream().map(to -> answer + " <" + to + ">").collect(Collectors.joining("\r\n")));
        }
        lineEnded = line.endsWith("\r\n");
        if (!proper) {
            refusal = "550 5.6.0 a bare CR or LF, or a line too long";
        } else if (message.length() + line.length() > LARGEST) {
            refusal = "552 5.3.4 too large";
        } else {
            message.append(line.substring(line.startsWith(".") ? 1 : 0));
        }
        return "";
    }

    private String put(Channel peer, String message) throws IOException {
        String id = UUID.randomUUID().toString();
        String now = ZonedDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.RFC_1123_DATE_TIME);
        StringBuilder header = new StringBuilder("Received: by %s (from uid %d)\r\n with LMTP id %s; %s\r\n"
                .formatted(domain, queue.peers().uidOf(peer), id, now));
        StringBuilder fields = new StringBuilder();
        StringBuilder from = new StringBuilder();
        int end = ("\r\n" + message + "\r\n").indexOf("\r\n\r\n");
        for (String field : message.substring(0, end).split("(?<=\r\n)(?![ \t])", 0)) {
            Matcher named = FIELD.matcher(field);
            if (!named.matches() && end > 0) {
                return "554 5.6.0 not a header field";
            }
            String name = end > 0 ? named.group(1).toLowerCase(Locale.ROOT) : "";
            from.append(name.equals("from") ? "," + named.group(2) : "");
            fields.append(NOT_THE_CLIENTS.contains(name) ? "" : field);
        }
        Matcher author = FROM.matcher(from);
        boolean own = author.matches() && queue.peers().owns(peer, userOf(author.replaceAll("$1$2")));
        if (!own && !PeerAccess.of(peer).has("as-anyone")) {
            header.append("Sender: <%s@%s>\r\n".formatted(queue.peers().nameOf(peer), domain));
        }
        String to =
                recipients.stream().map(each -> "RCPT TO:<" + each + ">\r\n").collect(Collectors.joining());
        String stuffed = (header.append(fields) + message.substring(end)).replace("\r\n.", "\r\n..");
        boolean stored = queue.put(id, "MAIL FROM:<" + sender + ">\r\n" + to + "DATA\r\n" + stuffed + ".\r\n");
        return stored ? "250 2.0.0 " + id : "452 4.3.1 the disk is full";
    }
}
