package dev.tracekeep.conventions;

import java.util.ArrayList;
import java.util.List;

/**
 * A set of conventions, in the order in which they are asked: the first to say something about a
 * field decides it, so the more specific ones come first. Immutable and thread-safe.
 */
public final class Conventions {
  /** As many as there are bits in the answer of the {@link Recognizer}. */
  static final int MAX_CONVENTIONS = 64;

  private static final Conventions STANDARD =
      of(
          List.of(
              Mastra.CONVENTION,
              Langfuse.CONVENTION,
              ClaudeCode.CONVENTION,
              Codex.CONVENTION,
              GeminiCli.CONVENTION,
              QwenCode.CONVENTION,
              GitHubCopilot.CONVENTION,
              VercelAiSdk.CONVENTION,
              GoogleAdk.CONVENTION,
              PydanticAi.CONVENTION,
              LangSmith.CONVENTION,
              OpenInference.CONVENTION,
              OpenLlmetry.CONVENTION,
              CrewAi.CONVENTION,
              Strands.CONVENTION,
              SemanticKernel.CONVENTION,
              OpenLit.CONVENTION,
              ModelContextProtocol.CONVENTION,
              GenAi.CONVENTION,
              General.CONVENTION));

  private final List<Convention> conventions;
  private final Recognizer recognizer;

  private Conventions(List<Convention> conventions) {
    if (conventions.size() > MAX_CONVENTIONS) {
      throw new IllegalArgumentException(
          "there are " + conventions.size() + " conventions: at most " + MAX_CONVENTIONS + " go");
    }
    this.conventions = conventions;
    this.recognizer = new Recognizer(conventions);
  }

  /** All conventions that Tracekeep knows. */
  public static Conventions standard() {
    return STANDARD;
  }

  /**
   * The given conventions, in the order in which they are asked.
   *
   * @throws IllegalArgumentException if there are more than 64
   */
  public static Conventions of(List<Convention> conventions) {
    return new Conventions(List.copyOf(conventions));
  }

  /**
   * These conventions, asked after another one.
   *
   * @throws IllegalArgumentException if there are 64 already
   */
  public Conventions after(Convention first) {
    List<Convention> all = new ArrayList<>();
    all.add(first);
    all.addAll(conventions);
    return of(all);
  }

  /** The conventions, in the order in which they are asked. */
  public List<Convention> all() {
    return conventions;
  }

  /** What the span's attributes and events mean, and after them its resource's attributes. */
  public SpanDescription describe(TelemetrySpan span) {
    SpanDescription description = new SpanDescription();
    for (long left = recognizer.recognize(span); left != 0; left &= left - 1) {
      conventions.get(Long.numberOfTrailingZeros(left)).describe(span, description);
    }
    General.describeResource(span, description);
    return description;
  }
}
