package dev.tracekeep.conformance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What the checks of a class are about: the heading in the report. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@interface CheckGroup {
  String value();
}
