// Brings the rows of the fleet table up to date from the stream.
import { freshness } from "./clock.js";

const MOVING_W = 100;

const words = (evse) => {
  if (!evse.connected) return ["Offline", "warn"];
  if (evse.connector_status === "Faulted") return ["Faulted", "bad"];
  const watts = evse.power_w ?? 0;
  if (watts <= -MOVING_W) return ["Discharging", "good"];
  if (watts >= MOVING_W) return ["Charging", "blue"];
  return evse.plugged ? ["Plugged in", ""] : ["Unplugged", "plain"];
};

/** Returns kilowatts as the server writes them. */
export function kilowatts(watts) {
  if (watts === null || watts === undefined) return "–";
  const value = watts / 1000;
  const digits = Math.abs(value) < 100 ? 1 : 0;
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function patch(row, evse) {
  const cell = (name) => row.querySelector(`[data-field="${name}"]`);
  const tag = cell("state")?.querySelector(".tag");
  if (!tag) return;
  const [word, tone] = words(evse);
  if (tag.textContent !== word) {
    tag.textContent = word;
    tag.className = `tag ${tone}`;
    row.classList.remove("changed");
    requestAnimationFrame(() => row.classList.add("changed"));
  }
  const power = cell("power");
  power.textContent = kilowatts(evse.power_w);
  power.dataset.value = evse.power_w ?? "";
  const soc = cell("soc");
  if (evse.soc_pct !== null && evse.soc_pct !== undefined) {
    soc.dataset.value = evse.soc_pct;
    const fill = soc.querySelector(".fill");
    if (fill) {
      fill.setAttribute("width", `${evse.soc_pct}%`);
      soc.querySelector(".soc").lastChild.textContent = `${Math.round(evse.soc_pct)} %`;
    }
  }
  const seen = cell("seen")?.querySelector("time");
  if (seen && evse.power_at) {
    seen.dateTime = evse.power_at;
    const tone = evse.connected ? freshness(Date.parse(evse.power_at)) : "bad";
    seen.parentElement.className = `tag ${tone}`;
  }
}

/** Keeps the table of the fleet page live, if the page has one. */
export function followFleet(stream) {
  const table = document.querySelector("[data-fleet]");
  if (!table) return;
  const rows = new Map();
  for (const row of table.querySelectorAll("[data-evse]")) rows.set(row.dataset.evse, row);
  const take = ({ detail }) => {
    for (const evse of detail.evses ?? []) {
      const row = rows.get(`${evse.station}/${evse.number}`);
      if (row) patch(row, evse);
    }
  };
  stream.addEventListener("snapshot", take);
  stream.addEventListener("live", take);
}
