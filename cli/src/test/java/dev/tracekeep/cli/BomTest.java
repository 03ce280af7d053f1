package dev.tracekeep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class BomTest {

  private static final Path ROOT = Path.of("..");
  private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");
  private static final Pattern ARTIFACT =
      Pattern.compile("<artifactId>(tracekeep-[^<]+)</artifactId>");

  @Test
  void bom_namesEveryPublishedModule() throws IOException {
    TreeSet<String> published = new TreeSet<>();
    for (String module : matches(MODULE, Files.readString(ROOT.resolve("pom.xml")))) {
      String pom = Files.readString(ROOT.resolve(module).resolve("pom.xml"));
      if (!module.equals("bom")
          && !pom.contains("<maven.deploy.skip>true</maven.deploy.skip>")
          && !module.startsWith("examples/")) {
        published.add("tracekeep-" + module);
      }
    }
    String bom = Files.readString(ROOT.resolve("bom/pom.xml"));
    List<String> managed =
        matches(ARTIFACT, bom.substring(bom.indexOf("<dependencyManagement>"))).stream()
            .sorted()
            .toList();

    assertThat(managed).containsExactlyElementsOf(published);
  }

  private static List<String> matches(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(match -> match.group(1)).toList();
  }
}
