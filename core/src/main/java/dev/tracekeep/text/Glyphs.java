package dev.tracekeep.text;

/** The characters that drawings are made of. */
public enum Glyphs {
  /** Box drawing and blocks, as nearly every terminal has them. */
  UNICODE("├ ", "└ ", "│ ", "─", '█', '▶', '◀', '«', '»', "…", " · ", "µs", "→"),
  /** For terminals and files of another encoding. */
  ASCII("|-", "`-", "| ", "-", '#', '>', '<', '{', '}', "..", " | ", "us", "->");

  /** Before a child that has a next sibling. */
  final String branch;

  /** Before a last child. */
  final String lastBranch;

  /** Under a {@link #branch}. */
  final String trunk;

  private final String rule;

  /** A cell of a bar. */
  final char block;

  /** The end of the bar of a running span. */
  final char open;

  /** The bar of a span that ends before it starts. */
  final char backwards;

  /** Where the bar of a span would be that lies before the line. */
  final char before;

  /** Where the bar of a span would be that lies behind the line. */
  final char after;

  private final String ellipsis;
  private final String separator;

  /** Microseconds. */
  final String micros;

  private final String arrow;

  Glyphs(
      String branch,
      String lastBranch,
      String trunk,
      String rule,
      char block,
      char open,
      char backwards,
      char before,
      char after,
      String ellipsis,
      String separator,
      String micros,
      String arrow) {
    this.branch = branch;
    this.lastBranch = lastBranch;
    this.trunk = trunk;
    this.rule = rule;
    this.block = block;
    this.open = open;
    this.backwards = backwards;
    this.before = before;
    this.after = after;
    this.ellipsis = ellipsis;
    this.separator = separator;
    this.micros = micros;
    this.arrow = arrow;
  }

  /** A cell of a horizontal rule. */
  public String rule() {
    return rule;
  }

  /** Where text was cut. */
  public String ellipsis() {
    return ellipsis;
  }

  /** Between facts on one line, blanks included. */
  public String separator() {
    return separator;
  }

  /** From one thing to another. */
  public String arrow() {
    return arrow;
  }
}
