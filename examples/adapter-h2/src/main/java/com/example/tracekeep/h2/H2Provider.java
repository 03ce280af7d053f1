package com.example.tracekeep.h2;

import dev.tracekeep.storage.ObservabilityStorage;
import dev.tracekeep.storage.StorageConfig;
import dev.tracekeep.storage.StorageProvider;
import java.util.List;

/** Makes stores in H2: {@code jdbc:h2:mem:NAME} or {@code jdbc:h2:file:/PATH}. */
public final class H2Provider implements StorageProvider {
  /** For the service loader, and for the child processes of the conformance kit. */
  public H2Provider() {}

  @Override
  public String name() {
    return "h2";
  }

  @Override
  public List<String> uriPrefixes() {
    return List.of("jdbc:h2:");
  }

  @Override
  public ObservabilityStorage open(StorageConfig config) {
    return new H2Storage(config, new H2Connections(config));
  }
}
