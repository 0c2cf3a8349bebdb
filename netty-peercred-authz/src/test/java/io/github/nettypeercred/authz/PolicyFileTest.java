// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The format of policy files: what they mean, and each way in which one can be wrong. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PolicyFileTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "authorization.md");
    private static final String RULE = "[[rule]]\nname = \"x\"\ndecision = \"allow\"\n";
    private static final String DENY = "[[rule]]\nname = \"x\"\ndecision = \"deny\"\n";
    private static final String GROUP_MAY_ONLY_ALLOW =
            "a group may only allow, never deny: an ordinary user can shed its groups in a user namespace";
    private static final String EXEC =
            " may only deny, never allow: a client may connect, write and exec the trusted program, and pid, pidfd and start time"
                    + " stay";

    private static PeerPolicy parse(String toml) {
        return PeerPolicy.parse(toml, "p", new MadeAccounts());
    }

    static List<String> examples() throws IOException {
        Matcher blocks = Pattern.compile("```toml\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(DOCUMENT));
        return blocks.results().map(block -> block.group(1)).toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void example_ofTheDocument_isAPolicy(String example) {
        assertThat(parse(example).rules()).isNotEmpty();
    }

    @Test
    void examples_ofTheDocument_areFound() throws IOException {
        assertThat(examples()).hasSizeGreaterThan(6);
    }

    @Test
    void document_namesEveryKeyAndWord() throws IOException {
        String document = Files.readString(DOCUMENT);
        for (RuleKey key : RuleKey.values()) {
            assertThat(document).contains("| `" + key.word() + "` |");
        }
        for (PeerKind kind : PeerKind.values()) {
            assertThat(document).contains("`\"" + kind.word() + "\"`");
        }
    }

    @Test
    void firstExample_decidesAsTheDocumentSays() throws IOException {
        PeerPolicy fromFile = parse(examples().get(0));
        PeerPolicy fromJava = PeerPolicy.builder()
                .allow("masters", rule -> rule.root().server().grants("submit", "send-as-anyone", "read-all"))
                .allow("operators", rule -> rule.userRange(1000, 59999)
                        .group("adm")
                        .group(27)
                        .grants("submit", "send-as-anyone"))
                .deny("suspended", rule -> rule.user(1003))
                .allow("users", rule -> rule.userRange(1000, 59999).grants("submit"))
                .build(new MadeAccounts());
        assertThat(fromFile.rules()).isEqualTo(fromJava.rules());
        for (PeerPolicy policy : List.of(fromFile, fromJava)) {
            assertThat(policy.decide(MadePeer.of(990, 990).noGroups().make()))
                    .hasToString("allowed by rule 'masters', grants read-all, send-as-anyone, submit");
            assertThat(policy.decide(MadePeer.of(1003, 100).groups(5, 27).make()))
                    .isEqualTo(new PeerDecision.Allow("operators", Set.of("submit", "send-as-anyone")));
            assertThat(policy.decide(MadePeer.of(1003, 100).groups(5).make()))
                    .hasToString("denied by rule 'suspended'");
            for (long subordinate : new long[] {100_000, 231_072}) { // as whom 1003 may come too, with its groups
                assertThat(policy.decide(
                                MadePeer.of(subordinate, 100).groups(5, 27).make()))
                        .hasToString("denied: no rule matched");
            }
            assertThat(policy.decide(MadePeer.of(1004, 4).make()))
                    .isEqualTo(new PeerDecision.Allow("operators", Set.of("submit", "send-as-anyone")));
            assertThat(policy.decide(MadePeer.of(1004, 100).make()))
                    .hasToString(
                            "denied by rule 'operators': the rule wants a group, and the peer's groups are unknown");
            assertThat(policy.decide(
                            MadePeer.of(1004, 100).noGroups().notVisible().make()))
                    .hasToString("denied: no rule matched");
            assertThat(policy.needsGroups()).isTrue();
            assertThat(policy.needsLabel()).isFalse();
            assertThat(policy.needsProcess()).isFalse();
        }
    }

    @Test
    void values_inEveryFormOfToml_areRead() {
        PeerPolicy policy = parse(
                """
                # a comment
                [[rule]] # another
                'name' = 'a "b"'
                """
                                .replace("a \"b\"", "a b")
                        + "\"decision\"\t= \"allow\"\r\n"
                        + "user = [ 0x10, 1_000, # sixteen\n  'alice',\n\t\"7-9\" , ]\n"
                        + "label = \"\\u0061#]\\\\\\\"\"\n");
        assertThat(policy.rules())
                .containsExactly(new PeerRule(
                        "a b",
                        true,
                        List.of("user 16, 1000, 1000 (alice), 7-9", "label \"a#]\\\"\""),
                        false,
                        Set.of()));
    }

    static Stream<Arguments> defects() {
        return Stream.of(
                // the form of the file
                Arguments.of("", "p:1:1: there are no rules: everybody would be denied"),
                Arguments.of("# nothing\n", "p:1:1: there are no rules: everybody would be denied"),
                Arguments.of("rule = 1\n", "p:1:1: key \"rule\" stands before the first [[rule]]"),
                Arguments.of("\n  version = 1\n", "p:2:3: key \"version\" stands before the first [[rule]]"),
                Arguments.of("[rule]\nname = \"x\"\n", "p:1:1: no such table: \"rule\"; a policy is made of [[rule]]"),
                Arguments.of(
                        RULE + "user = 1\n[[rules]]\n",
                        "p:5:1: no such table: \"rules\"; a policy is made of [[rule]]"),
                Arguments.of(RULE + "[rule.user]\n", "p:4:6: a policy has no tables in tables"),
                Arguments.of(RULE + "user.id = 1\n", "p:4:5: a policy has no dotted keys"),
                Arguments.of(RULE + "user = {id = 1}\n", "p:4:8: a policy has no inline tables"),
                Arguments.of(RULE + "user = [1, [2]]\n", "p:4:12: a policy has no lists in lists"),
                Arguments.of(RULE + "label = \"\"\"a\nb\"\"\"\n", "p:4:9: a policy has no texts of several lines"),
                Arguments.of(RULE + "user = 1\nuser = 2\n", "p:5:1: key \"user\" is there twice"),
                Arguments.of(RULE + "user = 1\n'user' = 2\n", "p:5:1: key \"user\" is there twice"),
                Arguments.of(
                        RULE + "usr = 1\n",
                        "p:4:1: no such key: \"usr\"; there are name, decision, user, primary-group, group, label, moment,"
                                + " mechanism, peer, executable, command-line, unit, certificate-subject, certificate-issuer, certificate-san, spiffe-id, sender-may-differ, grants, max-age"),
                Arguments.of(
                        RULE + "not-group = 1\n",
                        "p:4:1: no such key: \"not-group\"; nothing can be negated: put a rule that denies in front, of users, as"
                                + " a group may never deny"),
                // name and decision
                Arguments.of("[[rule]]\n", "p:1:1: a rule has no name"),
                Arguments.of("[[rule]]\nname = \"x\"\n", "p:1:1: a rule has no decision"),
                Arguments.of("[[rule]]\nname = 1\ndecision = \"allow\"\n", "p:2:8: not a name of a rule: 1"),
                Arguments.of("[[rule]]\nname = [\"x\"]\ndecision = \"allow\"\n", "p:2:1: name is one text, not a list"),
                Arguments.of(
                        "[[rule]]\nname = \"x\\n\"\ndecision = \"allow\"\nuser = 1\n",
                        "p:2:8: not a name of a rule: \"x\\u000a\"; it is up to 64 letters, digits, spaces, \".\", \"_\" and"
                                + " \"-\""),
                Arguments.of(
                        "[[rule]]\nname = \"x\"\ndecision = \"reject\"\n",
                        "p:3:12: a decision is \"allow\" or \"deny\": \"reject\""),
                Arguments.of(
                        RULE + "user = 1\n" + RULE + "user = 2\n", "p:6:8: there is a rule \"x\" already, in line 1"),
                // whom
                Arguments.of(
                        RULE, "p:1:1: rule \"x\" does not say whom it allows; to allow everybody, say user = \"@any\""),
                Arguments.of(
                        RULE + "moment = \"connect\"\n",
                        "p:1:1: rule \"x\" does not say whom it allows; to allow everybody, say user = \"@any\""),
                Arguments.of(
                        DENY, "p:1:1: rule \"x\" does not say whom it denies; to deny everybody, say user = \"@any\""),
                Arguments.of(RULE + "user = []\n", "p:4:1: an empty list: the rule could never match"),
                Arguments.of(RULE + "user = [1, 2, 1]\n", "p:4:15: 1 is there twice"),
                Arguments.of(RULE + "group = [\"adm\", \"adm\"]\n", "p:4:17: \"adm\" is there twice"),
                Arguments.of(RULE + "user = [\"@any\", 1]\n", "p:4:1: \"@any\" is everybody: leave the others out"),
                Arguments.of(RULE + "user = \"20-10\"\n", "p:4:8: an empty range: \"20-10\""),
                Arguments.of(RULE + "user = -1\n", "p:4:8: not an id: -1; ids are 0 to 4294967294"),
                Arguments.of(RULE + "user = 4294967295\n", "p:4:8: not an id: 4294967295; ids are 0 to 4294967294"),
                Arguments.of(
                        RULE + "user = 99999999999999999999\n",
                        "p:4:8: not an id: 99999999999999999999; ids are 0 to 4294967294"),
                Arguments.of(
                        RULE + "user = \"0-4294967295\"\n", "p:4:8: not an id: 4294967295; ids are 0 to 4294967294"),
                Arguments.of(
                        RULE + "user = \"0-99999999999\"\n", "p:4:8: not an id: 99999999999; ids are 0 to 4294967294"),
                Arguments.of(
                        RULE + "user = \"1000\"\n",
                        "p:4:8: an id is written without quotes, a range as \"1000-1999\": \"1000\""),
                Arguments.of(RULE + "user = 1.5\n", "p:4:8: neither a text nor a whole number: 1.5"),
                Arguments.of(RULE + "user = 1979-05-27\n", "p:4:8: neither a text nor a whole number: 1979-05-27"),
                Arguments.of(RULE + "user = true\n", "p:4:8: neither an id nor a name of a user: true"),
                Arguments.of(
                        RULE + "user = [1, \"nobody here\"]\n",
                        "p:4:12: cannot look up user \"nobody here\": NO_SUCH_ACCOUNT: no such entry"),
                Arguments.of(
                        RULE + "group = \"opers\"\n",
                        "p:4:9: cannot look up group \"opers\": NO_SUCH_ACCOUNT: no such entry"),
                Arguments.of(
                        RULE + "user = \"@self\"\n",
                        "p:4:8: no such word: \"@self\"; there are \"@any\", \"@root\" and \"@server\""),
                Arguments.of(RULE + "group = \"@any\"\n", "p:4:9: no such word: \"@any\""),
                Arguments.of(
                        RULE + "group = \"!adm\"\n",
                        "p:4:9: a group cannot be negated: an ordinary user can shed its groups in a user namespace"),
                Arguments.of(RULE + "user = \"!bob\"\n", "p:4:8: a user cannot be negated: deny it by a rule in front"),
                // what may only allow, or only deny
                Arguments.of(DENY + "group = 27\n", "p:4:1: " + GROUP_MAY_ONLY_ALLOW),
                Arguments.of(DENY + "user = 1\nprimary-group = 27\n", "p:5:1: " + GROUP_MAY_ONLY_ALLOW),
                Arguments.of(RULE + "user = 1\nexecutable = \"/bin/x\"\n", "p:5:1: executable" + EXEC),
                Arguments.of(RULE + "command-line = \"x\"\n", "p:4:1: command-line" + EXEC),
                Arguments.of(RULE + "unit = \"x.service\"\n", "p:4:1: unit" + EXEC),
                Arguments.of(DENY + "executable = \"bin/x\"\n", "p:4:14: not an absolute path: \"bin/x\""),
                Arguments.of(DENY + "unit = 1\n", "p:4:8: not a text: 1"),
                Arguments.of(DENY + "user = 1\ngrants = \"a\"\n", "p:5:1: a rule that denies grants nothing"),
                Arguments.of(
                        DENY + "user = 1\nsender-may-differ = true\n",
                        "p:5:1: sender-may-differ is for rules that allow: one that denies holds for who sends and for who"
                                + " connected"),
                Arguments.of(
                        RULE + "user = 1\nsender-may-differ = false\n",
                        "p:5:21: sender-may-differ is true or left out"),
                Arguments.of(
                        RULE + "user = 1\nmoment = \"connect\"\nsender-may-differ = true\n",
                        "p:6:1: sender-may-differ means nothing here: only of a first read and of every read is the sender known"),
                Arguments.of(
                        RULE + "user = 1\ngrants = [\"a\", \"Send As\"]\n",
                        "p:5:16: not a name of a grant: \"Send As\"; it is up to 64 small letters, digits, \".\", \"_\" and \"-\""),
                Arguments.of(RULE + "user = 1\ngrants = []\n", "p:5:1: an empty list: the rule could never match"),
                // words
                Arguments.of(
                        RULE + "user = 1\nmoment = \"first\"\n",
                        "p:5:10: no such word: \"first\"; there are \"connect\", \"listen\", \"setup\", \"first-read\","
                                + " \"every-read\", \"datagram\""),
                Arguments.of(
                        RULE + "user = 1\nmechanism = \"so_peercred\"\n",
                        "p:5:13: no such word: \"so_peercred\"; there are \"SO_PEERCRED\", \"SCM_CREDENTIALS\","
                                + " \"LOCAL_PEERCRED\", \"LOCAL_PEEREID\", \"SCM_CREDS\", \"SCM_CREDS2\""),
                Arguments.of(
                        RULE + "user = 1\npeer = \"foreign\"\n",
                        "p:5:8: no such word: \"foreign\"; there are \"visible\", \"not-visible\", \"unmapped\", \"remote\""),
                // rules that never match
                Arguments.of(
                        RULE + "user = 1\nmoment = \"connect\"\nmechanism = \"SCM_CREDENTIALS\"\n",
                        "p:6:1: the rule can never match: no credentials of that moment come from that mechanism"),
                Arguments.of(
                        RULE + "user = 1\npeer = [\"visible\", \"unmapped\"]\n",
                        "p:5:20: an unmapped peer has no ids and no evidence, so user can never match it; give it a rule of its own"),
                Arguments.of(
                        RULE + "user = \"1-5\"\n[[rule]]\nname = \"late\"\ndecision = \"allow\"\nuser = [2, \"4-5\"]\n",
                        "p:5:1: rule \"late\" can never match: the rules before it match all that it does"),
                Arguments.of(
                        RULE
                                + "group = [4, 27]\n[[rule]]\nname = \"late\"\ndecision = \"allow\"\nuser = 7\ngroup = 27\n",
                        "p:5:1: rule \"late\" can never match: the rules before it match all that it does"),
                Arguments.of(
                        RULE + "group = 27\n[[rule]]\nname = \"late\"\ndecision = \"allow\"\nprimary-group = 27\n",
                        "p:5:1: rule \"late\" can never match: the rules before it match all that it does"),
                Arguments.of(
                        DENY + "user = \"@any\"\n[[rule]]\nname = \"late\"\ndecision = \"allow\"\ngroup = 27\n",
                        "p:5:1: rule \"late\" can never match: the rules before it match all that it does"),
                Arguments.of(
                        DENY
                                + "executable = \"/a\"\n[[rule]]\nname = \"late\"\ndecision = \"deny\"\nexecutable = \"/a\"\nunit = \"u\"\n",
                        "p:5:1: rule \"late\" can never match: the rules before it match all that it does"));
    }

    @ParameterizedTest
    @MethodSource("defects")
    void defect_isSaidWithItsPlace(String toml, String message) {
        PolicyException e = catchThrowableOfType(PolicyException.class, () -> parse(toml));
        assertThat(e).as(toml).isNotNull().hasMessage(message);
        Matcher place = Pattern.compile("p:(\\d+):(\\d+): .*").matcher(message);
        assertThat(place.matches()).isTrue();
        assertThat(e.line()).hasValue(Integer.parseInt(place.group(1)));
        assertThat(e.column()).hasValue(Integer.parseInt(place.group(2)));
    }

    static Stream<Arguments> noToml() {
        return Stream.of(
                Arguments.of("[[rule]]\nname\n", "p:2:5: not TOML: "),
                Arguments.of("[[rule]\nname = 1\n", "p:1:7: not TOML: "),
                Arguments.of(RULE + "user = \n", "p:4:8: not TOML: "),
                Arguments.of(RULE + "user = 1 2\n", "p:4:"),
                Arguments.of(RULE + "label = \"a\n", "p:4:11: not TOML: "),
                Arguments.of(RULE + "label = \"\\q\"\n", "p:4:"),
                Arguments.of(RULE + "user = [1\n", "p:5:1: not TOML: "),
                Arguments.of(RULE + "user = 01\n", "p:4:"),
                Arguments.of(RULE + "user = root\n", "p:4:"),
                Arguments.of("\ufeff" + RULE + "user = 1\n", "p:1:1: not TOML: "),
                Arguments.of(RULE + "user = 1\0\n", "p:4:"));
    }

    @ParameterizedTest
    @MethodSource("noToml")
    void whatIsNoToml_isSaidWithItsPlace(String toml, String beginning) {
        assertThatThrownBy(() -> parse(toml))
                .isInstanceOf(PolicyException.class)
                .hasMessageStartingWith(beginning)
                .hasMessageContaining("not TOML: ")
                .message()
                .matches("[ -~]+");
    }

    @Test
    void defects_inJava_areThoseOfAFile() {
        assertThatThrownBy(() -> PeerPolicy.builder()
                        .deny("x", rule -> rule.user(1))
                        .allow("y", rule -> rule.user(2).unit("u"))
                        .build(new MadeAccounts()))
                .isInstanceOf(PolicyException.class)
                .hasMessage("rule 'y': unit" + EXEC);
        assertThatThrownBy(() -> PeerPolicy.builder().build())
                .hasMessage("policy: there are no rules: everybody would be denied");
        assertThatThrownBy(() -> PeerPolicy.builder()
                        .allow("x", rule -> rule.user("alice"))
                        .build(null))
                .hasMessage(
                        "rule 'x': cannot look up user \"alice\": there is no AccountDatabase, is netty-peercred-native on"
                                + " the class path?");
    }

    @Test
    void file_withoutTheNativeCall_isNotRead() {
        assertThatThrownBy(() -> PolicyFile.read(Path.of("/etc/passwd"), null))
                .hasMessage(
                        "/etc/passwd: cannot be read as a file to trust: there is no TrustedFile, is netty-peercred-native on"
                                + " the class path?");
    }

    @Test
    void bytes_thatAreNotUtf8_areSaidWithTheirPlace() {
        assertThatThrownBy(() ->
                        PolicyFile.read(Path.of("/p"), (path, limit) -> new byte[] {'#', '\n', 'a', (byte) 0xC0, 'b'}))
                .isInstanceOf(PolicyException.class)
                .hasMessage("/p:2:2: not UTF-8");
    }

    /** A policy with a part taken out, doubled or changed is read or refused with a place, and never fails otherwise. */
    @Test
    void text_ofAnyKind_isReadOrRefused() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("PolicyFileTest: -Dseed=" + seed);
        Random random = new Random(seed);
        List<String> examples = examples();
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder(examples.get(random.nextInt(examples.size())));
            for (int change = random.nextInt(3); change >= 0; change--) {
                int at = random.nextInt(text.length());
                int end = Math.min(text.length(), at + random.nextInt(12));
                switch (random.nextInt(3)) {
                    case 0 -> text.delete(at, end);
                    case 1 -> text.insert(at, text.substring(at, end));
                    default -> text.setCharAt(at, "[]\"'=.,{}#\n\r\\ -09azA\u00e9\0".charAt(random.nextInt(22)));
                }
            }
            try {
                parse(text.toString());
                read++;
            } catch (PolicyException e) {
                assertThat(e).message().as("seed " + seed).matches("p:\\d+:\\d+: [ -~]+");
                assertThat(e.getMessage()).doesNotContain("in two ways");
            }
        }
        assertThat(read).isBetween(100, 19_900);
    }
}
