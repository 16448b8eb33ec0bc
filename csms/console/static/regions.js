// Brings parts of a page up to date with what the server would show now.
import { orderOf, restoreOrder, sortTables } from "./sorting.js";

const EVERY_MS = 1500;

function renew(page) {
  for (const fresh of page.querySelectorAll("[data-region]")) {
    const shown = document.getElementById(fresh.id);
    if (!shown || shown.innerHTML === fresh.innerHTML || busy(shown)) continue;
    const open = new Set([...shown.querySelectorAll("details[open][id]")].map((d) => d.id));
    for (const each of fresh.querySelectorAll("details[id]")) each.open = open.has(each.id);
    const order = orderOf(shown);
    shown.replaceChildren(...fresh.childNodes);
    sortTables(shown);
    if (order) restoreOrder(shown, order);
  }
}

/** Tells whether somebody is at work in it: on a link, in a field, or selecting text. */
function busy(region) {
  const active = document.activeElement;
  return selects(region) || (region.contains(active) && !active.closest("th[aria-sort]"));
}

function selects(element) {
  const chosen = document.getSelection();
  return Boolean(chosen && !chosen.isCollapsed && element.contains(chosen.anchorNode));
}

async function refresh(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const ended = !page.querySelector("[data-refresh]");
  renew(page);
  if (ended) document.querySelector("[data-refresh]")?.removeAttribute("data-refresh");
}

/** Asks again and again for as long as the page says where. */
export async function keepFresh() {
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY_MS));
    const where = document.querySelector("[data-refresh]");
    const wanted = where && !document.hidden && document.querySelector("[data-follow]")?.checked !== false;
    if (wanted) await refresh(where.dataset.refresh).catch(() => undefined);
  }
}
