package dev.tracekeep.cli;

/** The characters that drawings are made of. */
enum Glyphs {
  UNICODE("├ ", "└ ", "│ ", "─", '█', '▶', '◀', '«', '»', "…", " · ", "µs", "→"),
  ASCII("|-", "`-", "| ", "-", '#', '>', '<', '{', '}', "..", " | ", "us", "->");

  /** Before a child that has a next sibling. */
  final String branch;

  /** Before a last child. */
  final String lastBranch;

  /** Under a {@link #branch}. */
  final String trunk;

  /** A cell of a horizontal rule. */
  final String rule;

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

  /** Where text was cut. */
  final String ellipsis;

  /** Between facts on one line. */
  final String separator;

  /** Microseconds. */
  final String micros;

  /** From one thing to another. */
  final String arrow;

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
}
