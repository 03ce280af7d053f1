package dev.tracekeep.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * The page to look at traces: static files, held in memory. Every view is the same document, whose
 * scripts read the address. The other files lie under a path that has the hash of all of them in
 * it, so that browsers keep them for ever and never mix those of two releases. Paths that are not
 * the page's are left to other handlers. Immutable and thread-safe.
 */
final class PageHandler extends Handler.Abstract {
  /** What the addresses of views begin with; a view's parameters are in its query. */
  static final Set<String> VIEWS =
      Set.of("/", "/trace", "/sessions", "/session", "/threads", "/thread", "/usage", "/compare");

  static final List<String> FILES =
      List.of(
          "api.js",
          "app.js",
          "blocks.js",
          "compare.js",
          "conversation.js",
          "dom.js",
          "format.js",
          "groups.js",
          "icon.svg",
          "markdown.js",
          "messages.js",
          "parts.js",
          "span.js",
          "style.css",
          "trace.js",
          "traces.js",
          "tree.js",
          "usage.js",
          "virtual.js");

  /**
   * Nothing but this server's own files, and no way for a text to become markup: Trusted Types make
   * the browser refuse what would parse HTML.
   */
  static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
          + " img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none';"
          + " require-trusted-types-for 'script'";

  private static final String DOCUMENT = "index.html";
  private static final String ASSETS = "/assets/";
  private static final Map<String, String> TYPES =
      Map.of(
          "js", "text/javascript;charset=utf-8",
          "css", "text/css;charset=utf-8",
          "svg", "image/svg+xml",
          "html", "text/html;charset=utf-8");

  private record Resource(byte[] bytes, String type) {}

  private final Map<String, Resource> assets = new TreeMap<>();
  private final Resource document;
  private final String tag;

  PageHandler() {
    MessageDigest digest = sha256();
    byte[] written = read(DOCUMENT);
    digest.update(written);
    Map<String, byte[]> contents = new TreeMap<>();
    for (String name : FILES) {
      byte[] bytes = read(name);
      contents.put(name, bytes);
      digest.update(name.getBytes(StandardCharsets.UTF_8));
      digest.update(bytes);
    }
    String hash = HexFormat.of().formatHex(digest.digest(), 0, 8);
    this.tag = '"' + hash + '"';
    contents.forEach(
        (name, bytes) -> assets.put(ASSETS + hash + "/" + name, new Resource(bytes, typeOf(name))));
    String text = new String(written, StandardCharsets.UTF_8).replace("{{assets}}", ASSETS + hash);
    this.document = new Resource(text.getBytes(StandardCharsets.UTF_8), typeOf(DOCUMENT));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  private static byte[] read(String name) {
    try (InputStream in = PageHandler.class.getResourceAsStream("page/" + name)) {
      if (in == null) {
        throw new IllegalStateException("The jar lacks the page's file " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String typeOf(String name) {
    String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
    if (type == null) {
      throw new IllegalStateException("The type of the page's file " + name + " is not known");
    }
    return type;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    String path = Request.getPathInContext(request);
    boolean isView = VIEWS.contains(path);
    Resource resource = isView ? document : assets.get(path);
    if (resource == null) {
      return false;
    }
    boolean isHead = request.getMethod().equals("HEAD");
    if (!isHead && !request.getMethod().equals("GET")) {
      response.getHeaders().put(HttpHeader.ALLOW, "GET, HEAD");
      return send(response, callback, 405, null);
    }
    response.getHeaders().put("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    response.getHeaders().put("Referrer-Policy", "no-referrer");
    response.getHeaders().put("Cross-Origin-Opener-Policy", "same-origin");
    response.getHeaders().put("Cross-Origin-Resource-Policy", "same-origin");
    response.getHeaders().put(HttpHeader.ETAG, tag);
    response
        .getHeaders()
        .put(HttpHeader.CACHE_CONTROL, isView ? "no-cache" : "public, max-age=31536000, immutable");
    if (tag.equals(request.getHeaders().get(HttpHeader.IF_NONE_MATCH))) {
      return send(response, callback, 304, null);
    }
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, resource.type());
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, resource.bytes().length);
    return send(response, callback, 200, isHead ? null : resource.bytes());
  }

  private static boolean send(
      Response response, Callback callback, int status, byte @Nullable [] body) {
    response.setStatus(status);
    response.write(true, body == null ? null : ByteBuffer.wrap(body), callback);
    return true;
  }
}
