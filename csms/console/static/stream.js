// One stream of facts and live values, and an honest sign of whether it is alive.
const PATIENCE_MS = 5000;

const SIGNS = {
  live: ["Live", "good"],
  waiting: ["Reconnecting", "warn"],
  stale: ["Stale", "bad"],
  paused: ["Paused", ""],
};

/**
 * Opens the stream while the page is visible and returns an event target: it gives
 * each message as an event of the message's name, its data in `detail`.
 */
export function connect(address, pill) {
  const told = new EventTarget();
  let source = null;
  let heard = performance.now();

  const sign = (state) => {
    document.documentElement.classList.toggle("is-stale", state === "stale");
    if (!pill || pill.dataset.state === state) return;
    const [text, color] = SIGNS[state];
    pill.dataset.state = state;
    pill.textContent = text;
    pill.className = `tag pill ${color}`;
    pill.hidden = false;
  };
  const pass = (message) => {
    heard = performance.now();
    sign("live");
    told.dispatchEvent(new CustomEvent(message.type, { detail: JSON.parse(message.data) }));
  };
  const open = () => {
    if (source || document.hidden) return;
    heard = performance.now();
    source = new EventSource(address);
    for (const name of ["snapshot", "live", "fact", "closed"]) source.addEventListener(name, pass);
    source.onopen = () => { heard = performance.now(); };
    source.onerror = () => {
      sign("waiting");
      if (source?.readyState === EventSource.CLOSED) close();
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      sign("paused");
    } else {
      sign("waiting");
      open();
    }
  });
  addEventListener("pagehide", close);
  setInterval(() => {
    if (document.hidden) return;
    open();
    if (performance.now() - heard > PATIENCE_MS) sign("stale");
  }, 1000);
  sign("waiting");
  open();
  return told;
}
