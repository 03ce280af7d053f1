package dev.tracekeep.storage;

import java.util.Comparator;

/**
 * One service calls another: spans of the one are parents of spans of the other. Immutable.
 *
 * @param caller the service of the parents
 * @param callee the service of the children; not the caller
 * @param calls how many spans of the callee have a parent of the caller stored in their trace
 * @param errors how many of those calls have an error
 */
public record ServiceLink(String caller, String callee, long calls, long errors) {
  /** By caller, then by callee, both in {@link ValueQuery#ORDER}. */
  public static final Comparator<ServiceLink> ORDER =
      Comparator.comparing(ServiceLink::caller, ValueQuery.ORDER)
          .thenComparing(ServiceLink::callee, ValueQuery.ORDER);
}
