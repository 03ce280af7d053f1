package dev.tracekeep.migration;

/** The steps of a migration, in the order in which they run. */
public enum MigrationStep {
  /** Makes the archive table and the journal, and writes down what is about to happen. */
  PREPARE("make the archive and open the journal"),
  /** Adds the columns of our own table that an older release did not have, and fills them. */
  ADD_COLUMNS("add and fill the columns that this release needs"),
  /** Writes down which keys have more than one row. */
  FIND_DUPLICATES("find the keys with more than one row"),
  /** In batches: copies the losing rows into the archive and deletes them from the table. */
  ARCHIVE("move the losing rows into the archive"),
  /** Under the shortest lock there is: looks for late duplicates again, and adds the constraint. */
  CONSTRAIN("look for late duplicates and add the constraint"),
  /** Compares the rows before with the rows after and archived, and closes the journal. */
  FINISH("check that no row is lost and close the journal"),
  /** Undo: takes the constraint off. */
  RELEASE("take the constraint off"),
  /** Undo: puts the archived rows back. */
  RESTORE("put the archived rows back");

  private final String description;

  MigrationStep(String description) {
    this.description = description;
  }

  /** What the step does, as an English verb phrase. */
  public String description() {
    return description;
  }
}
