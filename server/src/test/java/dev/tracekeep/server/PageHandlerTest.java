package dev.tracekeep.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page's files as a browser gets them. */
class PageHandlerTest {
  private static final Pattern ASSET = Pattern.compile("/assets/[0-9a-f]{16}/[a-z.]+");

  private final HttpClient client = HttpClient.newHttpClient();
  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server, 1, 1);

  @BeforeEach
  void start() throws Exception {
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(new PageHandler());
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    server.stop();
  }

  private HttpResponse<String> send(String method, String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + connector.getLocalPort() + path))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private static List<Path> files() throws IOException, URISyntaxException {
    Path folder =
        Path.of(Objects.requireNonNull(PageHandler.class.getResource("page/index.html")).toURI())
            .getParent();
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  @Test
  void files_areThoseOfTheFolder() throws Exception {
    assertThat(files().stream().map(file -> file.getFileName().toString()))
        .containsExactlyElementsOf(
            Stream.concat(PageHandler.FILES.stream(), Stream.of("index.html")).sorted().toList());
  }

  @Test
  void scripts_importNothingFromElsewhere() throws Exception {
    Pattern source = Pattern.compile("^(?:import|export) [^;]*from '([^']+)';$", Pattern.MULTILINE);
    for (Path file : files()) {
      if (file.toString().endsWith(".js")) {
        Matcher matcher = source.matcher(Files.readString(file));
        while (matcher.find()) {
          assertThat(PageHandler.FILES).contains(matcher.group(1).replaceFirst("^\\./", ""));
        }
      }
    }
  }

  @Test
  void document_isTheSameForEveryView_andNamesFilesThatAreThere() throws Exception {
    String document = send("GET", "/").body();
    for (String view : PageHandler.VIEWS) {
      assertThat(send("GET", view + "?id=a").body()).isEqualTo(document);
    }
    Matcher matcher = ASSET.matcher(document);
    int assets = 0;
    while (matcher.find()) {
      assertThat(send("GET", matcher.group()).statusCode()).isEqualTo(200);
      assets++;
    }
    assertThat(assets).isEqualTo(3);
    assertThat(document).doesNotContain("{{");
  }

  @Test
  void document_isAskedForAgain_whileOtherFilesAreKeptForEver() throws Exception {
    HttpResponse<String> document = send("GET", "/");
    Matcher matcher = ASSET.matcher(document.body());
    assertThat(matcher.find()).isTrue();

    assertThat(header(document, "Cache-Control")).isEqualTo("no-cache");
    assertThat(header(send("GET", matcher.group()), "Cache-Control"))
        .isEqualTo("public, max-age=31536000, immutable");
    HttpResponse<String> again = send("GET", "/", "If-None-Match", header(document, "ETag"));
    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.body()).isEmpty();
  }

  @Test
  void answers_letNothingRunThatIsNotTheServersOwn() throws Exception {
    HttpResponse<String> document = send("GET", "/trace");
    assertThat(header(document, "Content-Security-Policy"))
        .isEqualTo(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                + " img-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
                + " form-action 'none'; require-trusted-types-for 'script'");
    assertThat(header(document, "X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(header(document, "Referrer-Policy")).isEqualTo("no-referrer");
    assertThat(header(document, "Content-Type")).isEqualTo("text/html;charset=utf-8");
  }

  @Test
  void otherPathsAndMethods_areNotThePages() throws Exception {
    assertThat(send("GET", "/assets/0000000000000000/app.js").statusCode()).isEqualTo(404);
    assertThat(send("GET", "/assets/../index.html").statusCode()).isEqualTo(404);
    assertThat(send("GET", "/v1/traces").statusCode()).isEqualTo(404);
    HttpResponse<String> posted = send("POST", "/");
    assertThat(posted.statusCode()).isEqualTo(405);
    assertThat(header(posted, "Allow")).isEqualTo("GET, HEAD");
    assertThat(send("HEAD", "/").body()).isEmpty();
  }
}
