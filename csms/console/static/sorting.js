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

function sort(table, at, direction) {
  for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
  table.tHead.rows[0].cells[at].setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  for (const body of table.tBodies) {
    const rows = [...body.rows];
    rows.sort((a, b) => sign * compare(value(a, at), value(b, at)));
    body.append(...rows);
  }
}

/** Returns how the first sorted table within is sorted, to be restored later. */
export function orderOf(root) {
  const head = root.querySelector("th[aria-sort]");
  return head && {
    at: head.cellIndex,
    direction: head.getAttribute("aria-sort"),
    focused: head.contains(document.activeElement),
  };
}

/** Sorts the first table within as it was sorted before. */
export function restoreOrder(root, order) {
  const table = root.querySelector("table:has(th[data-sort])");
  const head = table?.tHead.rows[0].cells[order.at];
  if (!head) return;
  sort(table, order.at, order.direction);
  if (order.focused) head.querySelector("button")?.focus({ preventScroll: true });
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
      const up = head.getAttribute("aria-sort") !== "ascending";
      sort(head.closest("table"), head.cellIndex, up ? "ascending" : "descending");
    });
  }
}
