package dev.tracekeep.storage;

import org.jspecify.annotations.Nullable;

/**
 * An operation, or a way of doing it, that the store does not declare. It is never approximated.
 */
public final class UnsupportedCapabilityException extends StorageException {
  private static final long serialVersionUID = 1L;

  private final @Nullable Capability capability;

  /**
   * @param capability what the store lacks; null where the operation has no capability of its own
   * @param message names the store, the operation, and what it supports instead
   */
  public UnsupportedCapabilityException(@Nullable Capability capability, String message) {
    super(FailureKind.CONFIGURATION, message, null);
    this.capability = capability;
  }

  /** Says that a store lacks what an operation needs. */
  static UnsupportedCapabilityException of(Capability lacking, String store, String operation) {
    return new UnsupportedCapabilityException(
        lacking, store + " does not have " + operation + ": it does not declare " + lacking + ".");
  }

  /** What the store lacks; null where the operation has no capability of its own. */
  public @Nullable Capability capability() {
    return capability;
  }
}
