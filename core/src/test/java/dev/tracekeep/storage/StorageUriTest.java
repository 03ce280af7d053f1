package dev.tracekeep.storage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StorageUriTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "mongodb://user:s3cret@h1:27017,h2:27017/db mongodb://user:***@h1:27017,h2:27017/db",
        "mongodb+srv://user:s3c@ret@host/db mongodb+srv://user:***@host/db",
        "mongodb://user:s3/cret@host/db mongodb://user:***@host/db",
        "mongodb://user:s3?cr#et;@host/db mongodb://user:***@host/db",
        "mongodb://acct:s3cret==@host:10255/?ssl=true&appName=@acct@"
            + " mongodb://acct:***@host:10255/?ssl=true&appName=@acct@",
        "jdbc:clickhouse:https://:s3cret@host jdbc:clickhouse:https://:***@host",
        "jdbc:postgresql://h:5432/db?user=u&password=s3cret&ssl=true"
            + " jdbc:postgresql://h:5432/db?user=u&password=***&ssl=true",
        "jdbc:postgresql://h/db?password=s3;cret&ssl=true"
            + " jdbc:postgresql://h/db?password=***&ssl=true",
        "jdbc:postgresql://h:5432/db?user=me@corp jdbc:postgresql://h:5432/db?user=me@corp",
        "jdbc:postgresql://h/db?sslpassword=s3cret jdbc:postgresql://h/db?sslpassword=***",
        "jdbc:sqlserver://h;user=sa;password=s3cret;encrypt=true"
            + " jdbc:sqlserver://h;user=sa;password=***;encrypt=true",
        "jdbc:sqlserver://h;password=s3&cret;encrypt=true"
            + " jdbc:sqlserver://h;password=***;encrypt=true",
        "jdbc:sqlserver://h;PassWord={s3;cr}}et;};encrypt=true"
            + " jdbc:sqlserver://h;PassWord=***;encrypt=true",
        "jdbc:sqlserver://h;password={s3;cret jdbc:sqlserver://h;password=***",
        "jdbc:sqlserver://h;accessToken=s3cret jdbc:sqlserver://h;accessToken=***",
        "libsql://h?authToken=s3cret libsql://h?authToken=***",
        "libsql://h?auth%54oken=s3cret&tls=0 libsql://h?auth%54oken=***&tls=0",
        "libsql://h?%=s3cret&tls=0 libsql://h?%=s3cret&tls=0",
        "jdbc:postgresql:u:s3cret@h jdbc:postgresql:u:***@h",
        "jdbc:postgresql:u:s3:cr@et@h/db jdbc:postgresql:u:***@h/db",
        "jdbc:postgresql:db?user=a:b@c jdbc:postgresql:db?user=a:b@c",
        "jdbc:duckdb:md:db;motherduck_token=s3cret;x=1 jdbc:duckdb:md:db;motherduck_token=***;x=1",
        "jdbc:duckdb:/a/b.db;encryption_key=s3cret jdbc:duckdb:/a/b.db;encryption_key=***",
        "jdbc:clickhouse://h/db?api_key=s3cret&a=b jdbc:clickhouse://h/db?api_key=***&a=b",
        "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:s3cret&a=b"
            + " mongodb://h/?authMechanismProperties=***&a=b",
        "jdbc:duckdb: jdbc:duckdb:",
        "jdbc:duckdb:/data/a:b@c.db jdbc:duckdb:/data/a:b@c.db",
      })
  void toString_hidesSecretsAlone(String raw, String shown) {
    assertThat(StorageUri.of(raw)).hasToString(shown);
    assertThat(StorageUri.of(raw).raw()).isEqualTo(raw);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:sqlserver://h; password = {a}}b} ; x=1",
        "jdbc:sqlserver://h;password={a}}b",
        "jdbc:postgresql://u:a}}b@h/db",
        "jdbc:postgresql://h/db?PASSWORD=a}}b",
      })
  void toString_leavesNoPart(String raw) {
    assertThat(StorageUri.of(raw).toString()).doesNotContain("}", "b}").contains("***");
  }

  @Test
  void masked_hidesSecretsWithinASentence() {
    assertThat(StorageUri.masked("no route to mongodb://u:s3cret@h/db in 30 s"))
        .isEqualTo("no route to mongodb://u:***@h/db in 30 s");
    assertThat(StorageUri.masked("listening on http://localhost:8123, ask admin@example.org"))
        .isEqualTo("listening on http://localhost:8123, ask admin@example.org");
    assertThat(StorageUri.masked("x;" + "a".repeat(20_000) + "password" + "{".repeat(20_000)))
        .hasSize(40_010);
    assertThat(StorageUri.masked("x;password={" + "}}".repeat(100_000)))
        .isEqualTo("x;password=***");
  }

  @Test
  void hideIn_leavesWhatFollowsTheAddress() {
    StorageUri uri = StorageUri.of("jdbc:postgresql://h/db?user=u&password=s3 cret%21");
    assertThat(
            uri.hideIn(
                "jdbc:postgresql://h/db?user=u&password=s3 cret%21 refused: 's3 cret!' is wrong,"
                    + " libsql://h?authToken=other too; try again"))
        .isEqualTo(
            "jdbc:postgresql://h/db?user=u&password=*** refused: '***' is wrong,"
                + " libsql://h?authToken=*** too; try again");
    assertThat(
            StorageUri.of("jdbc:sqlserver://h;password={a;b}}cd};x=1")
                .hideIn("no jdbc:sqlserver://h;password={a;b}}cd};x=1 here, nor {a;b}}cd}"))
        .isEqualTo("no jdbc:sqlserver://h;password=***;x=1 here, nor ***");
    assertThat(
            StorageUri.of("jdbc:sqlserver://h;password=abcd")
                .hideIn("no jdbc:sqlserver://H;password=abce;x=1 here"))
        .isEqualTo("no jdbc:sqlserver://H;password=***;x=1 here");
    assertThat(StorageUri.of("mongodb://u:s3cret@h/db").hideIn("s3cret of u"))
        .isEqualTo("*** of u");
    assertThat(StorageUri.of("mongodb://u:a@h/db").hideIn("a sentence")).isEqualTo("a sentence");
  }

  @Test
  void startsWith_ignoresCase() {
    assertThat(StorageUri.of("  JDBC:DuckDB:x ").startsWith("jdbc:duckdb:")).isTrue();
    assertThat(StorageUri.of("jdbc:duck").startsWith("jdbc:duckdb:")).isFalse();
    assertThat(StorageUri.of(" a ")).isEqualTo(StorageUri.of("a")).hasSameHashCodeAs("a");
  }
}
