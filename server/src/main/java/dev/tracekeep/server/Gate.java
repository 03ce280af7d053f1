package dev.tracekeep.server;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Objects;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Who may come in. On a loopback address a page of any site in the user's browser can reach the
 * server, by its address or by a name of the site's own that resolves to it (DNS rebinding): so the
 * names that it is called by are checked there, and the origin of pages everywhere. Immutable.
 */
final class Gate {
  static final String TENANT_HEADER = "X-Tracekeep-Tenant";

  private static final String BEARER = "Bearer ";

  private final boolean loopback;
  private final String tenant;
  private final @Nullable String writeToken;
  private final @Nullable String readToken;

  /**
   * @param loopback whether the server listens on a loopback address
   * @param tenant whose spans they are where nothing else is said
   */
  Gate(boolean loopback, String tenant, @Nullable String writeToken, @Nullable String readToken) {
    this.loopback = loopback;
    this.tenant = tenant;
    this.writeToken = writeToken;
    this.readToken = readToken;
  }

  /**
   * Whether the request came to a name of this server's, and from none of another site's pages.
   *
   * @throws Refusal if not
   */
  void requireOwnName(Request request) {
    String host = Request.getServerName(request);
    if (loopback && !isLoopback(host)) {
      throw new Refusal(
          Refusal.Kind.FORBIDDEN,
          "this server listens on a loopback address, and answers to localhost and 127.0.0.1 alone");
    }
    String origin = request.getHeaders().get(HttpHeader.ORIGIN);
    if (origin != null && !isOwn(origin, host, Request.getServerPort(request))) {
      throw new Refusal(
          Refusal.Kind.FORBIDDEN, "requests from pages of other origins are not answered");
    }
  }

  private static boolean isOwn(String origin, String host, int port) {
    try {
      URI uri = URI.create(origin);
      return host.equalsIgnoreCase(uri.getHost())
          && port == (uri.getPort() < 0 ? defaultPort(uri.getScheme()) : uri.getPort());
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static int defaultPort(@Nullable String scheme) {
    return "https".equals(scheme) ? 443 : 80;
  }

  private static boolean isLoopback(@Nullable String host) {
    String name = String.valueOf(host).toLowerCase(Locale.ROOT);
    return name.equals("localhost")
        || name.matches("127(\\.\\d{1,3}){3}")
        || name.equals("[::1]")
        || name.equals("::1");
  }

  /**
   * Whose spans a request writes.
   *
   * @throws Refusal if it may not write
   */
  String tenantOfWriter(Request request) {
    return tenant(request, writeToken, "write");
  }

  /**
   * Lets a request read.
   *
   * @throws Refusal if it may not
   */
  String tenantOfReader(Request request) {
    return tenant(request, readToken, "read");
  }

  /** With tokens, whoever has one speaks for the server's tenant and for no other. */
  private String tenant(Request request, @Nullable String token, String purpose) {
    String asked = request.getHeaders().get(TENANT_HEADER);
    if (token == null) {
      return asked == null ? tenant : asked;
    }
    String given = request.getHeaders().get(HttpHeader.AUTHORIZATION);
    if (given == null || !given.startsWith(BEARER) || !same(given.substring(7), token)) {
      throw new Refusal(
          Refusal.Kind.UNAUTHENTICATED,
          "this server wants its token to " + purpose + ", as 'Authorization: Bearer TOKEN'");
    }
    if (asked != null && !Objects.equals(asked, tenant)) {
      throw new Refusal(
          Refusal.Kind.FORBIDDEN, "the token is one of another tenant than the header names");
    }
    return tenant;
  }

  /** In a time that does not tell how much of it is right. */
  private static boolean same(String given, String token) {
    return MessageDigest.isEqual(
        given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
  }
}
