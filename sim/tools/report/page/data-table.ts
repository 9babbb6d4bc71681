/** A table as data: the first column is a heading of its row. */
export interface TableData {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Filled when it is opened for the first time: a thousand rows for each chart would be slow to begin with. */
export function fillWhenOpened(details: HTMLDetailsElement, data: () => TableData): void {
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table") !== null) return;
    const box = document.createElement("div");
    box.className = "scroll";
    box.tabIndex = 0;
    box.append(tableOf(data()));
    details.append(box);
  });
}

/** The same as a file. */
export function offerCsv(button: HTMLButtonElement, name: string, data: () => TableData): void {
  button.addEventListener("click", () => {
    const { heads, rows } = data();
    const text = [heads, ...rows].map((cells) => cells.map(csvCell).join(",")).join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

function tableOf({ caption, heads, rows }: TableData): HTMLTableElement {
  const table = document.createElement("table");
  table.createCaption().textContent = caption;
  const head = table.createTHead().insertRow();
  for (const text of heads) head.append(cellOf("th", text, "col"));
  const body = table.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    cells.forEach((text, index) => {
      row.append(index === 0 ? cellOf("th", text, "row") : cellOf("td", text));
    });
  }
  return table;
}

function cellOf(tag: "th" | "td", text: string, scope = ""): HTMLTableCellElement {
  const cell = document.createElement(tag);
  cell.textContent = text;
  if (scope !== "") cell.scope = scope;
  return cell;
}

/** A spreadsheet would take what begins like this for a formula. */
function csvCell(text: string): string {
  const safe = /^[=+@\t\r]/.test(text) || /^-\D/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
