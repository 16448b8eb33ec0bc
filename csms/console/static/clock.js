// Shows business time and ages, which may run faster than the wall clock.
const { now, rate } = document.documentElement.dataset;
const loaded = performance.now();
const epoch = Date.parse(now);

/** Returns the business instant in milliseconds. */
export function businessNow() {
  return epoch + (performance.now() - loaded) * Number(rate || 1);
}

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** Returns a duration in its two largest units, as the server writes it. */
export function span(seconds) {
  let left = Math.max(Math.round(seconds), 0);
  const first = UNITS.findIndex(([, size]) => left >= size);
  if (first < 0) return "0 s";
  const parts = [];
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** Writes how far an instant lies from now. */
export function age(instant) {
  const seconds = (businessNow() - instant) / 1000;
  return seconds >= 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
}

/** Returns the tone of an age, as the server would choose it. */
export function freshness(instant) {
  const minutes = (businessNow() - instant) / 60_000;
  if (minutes <= 20) return "good";
  return minutes <= 60 ? "warn" : "bad";
}

function tick() {
  for (const each of document.querySelectorAll("time[data-age]")) {
    const text = age(Date.parse(each.dateTime));
    if (each.textContent !== text) each.textContent = text;
  }
  for (const each of document.querySelectorAll("[data-clock]")) {
    const format = new Intl.DateTimeFormat("en-US", {
      weekday: "short", hour: "numeric", minute: "2-digit",
      timeZone: each.dataset.clock, timeZoneName: "short",
    });
    each.textContent = format.format(businessNow());
  }
}

/** Keeps every age and clock on the page right. */
export function keepTime() {
  if (!now) return;
  tick();
  setInterval(tick, 1000);
}
