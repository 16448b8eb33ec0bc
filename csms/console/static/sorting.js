// Tables whose head cells say `data-sort` can be put in order by a click.
const value = (row, at) => {
  const cell = row.cells[at];
  const said = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(said);
  return said !== "" && Number.isFinite(number) ? number : said;
};

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one !== typeof other) return typeof one === "number" ? 1 : -1;
  return one.localeCompare(other, "en", { numeric: true });
}

function sort(table, head, at) {
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  for (const body of table.tBodies) {
    const rows = [...body.rows];
    rows.sort((a, b) => (up ? 1 : -1) * compare(value(a, at), value(b, at)));
    body.append(...rows);
  }
}

/** Makes buttons of the head cells that can be sorted by. */
export function sortTables(root = document) {
  for (const head of root.querySelectorAll("th[data-sort]")) {
    if (head.querySelector("button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      sort(head.closest("table"), head, head.cellIndex);
    });
  }
}
