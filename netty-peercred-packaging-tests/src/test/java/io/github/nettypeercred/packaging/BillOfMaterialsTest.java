// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The bill of materials names every module that is published. */
class BillOfMaterialsTest {
    private static final String BOM = "netty-peercred-bom";

    /** Lists that people keep by hand go stale: this one says which modules are for ourselves, all others are published. */
    private static final Set<String> UNPUBLISHED = Set.of(
            "netty-peercred-conformance",
            "netty-peercred-examples",
            "netty-peercred-microbench",
            "netty-peercred-packaging-tests",
            "netty-peercred-testsuite");

    @Test
    void names_every_published_module_and_nothing_else() throws Exception {
        List<String> published = new ArrayList<>(modules());
        published.remove(BOM);
        published.removeAll(UNPUBLISHED);

        List<String> named = new ArrayList<>();
        for (Element dependency : elements(pom(BOM), "dependency")) {
            named.add(text(dependency, "artifactId"));
            assertThat(text(dependency, "groupId")).isEqualTo("io.github.netty-peercred");
            assertThat(text(dependency, "version")).isEqualTo("${project.version}");
        }

        assertThat(named).containsExactlyInAnyOrderElementsOf(published);
    }

    @Test
    void unpublished_modules_are_not_deployed_and_all_others_are() throws Exception {
        for (String module : modules()) {
            boolean skipped = elements(pom(module), "maven.deploy.skip").stream()
                    .anyMatch(element -> element.getTextContent().equals("true"));

            assertThat(skipped).as(module).isEqualTo(UNPUBLISHED.contains(module));
        }
    }

    @Test
    void tests_of_jars_see_every_published_module() throws Exception {
        List<String> published = new ArrayList<>(modules());
        published.removeAll(UNPUBLISHED);
        published.remove(BOM);
        published.remove("netty-peercred-lspc"); // a program

        assertThat(Jars.published())
                .extracting(jar -> jar.getFileName().toString().replaceFirst("-[0-9].*", ""))
                .containsExactlyInAnyOrderElementsOf(published);
    }

    private static List<String> modules() throws Exception {
        return elements(pom("."), "module").stream()
                .map(Element::getTextContent)
                .toList();
    }

    private static Element pom(String module) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(Path.of("..", module, "pom.xml").toFile())
                .getDocumentElement();
    }

    private static List<Element> elements(Element in, String name) {
        NodeList found = in.getElementsByTagName(name);
        return IntStream.range(0, found.getLength())
                .mapToObj(i -> (Element) found.item(i))
                .toList();
    }

    private static String text(Element in, String name) {
        return elements(in, name).get(0).getTextContent();
    }
}
