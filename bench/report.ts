/** A table for people and, as the last line, one JSON object for programs. */
export interface Report {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What was compared with what, and how. */
  readonly notes: readonly string[];
  readonly figures: Readonly<Record<string, number | string | boolean>>;
}

export function render(report: Report): string {
  const lines = [report.columns, ...report.rows];
  const widths = report.columns.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const row = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
      )
      .join("  ");
  return [
    report.title,
    "",
    row(report.columns),
    widths.map((width) => "─".repeat(width)).join("  "),
    ...report.rows.map(row),
    "",
    ...report.notes,
    "",
    JSON.stringify(report.figures),
  ].join("\n");
}
