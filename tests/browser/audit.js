// Returns what is wrong with a page, in words: contrast, names of fields, order of heads.
() => {
  const wrong = [];
  const parse = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    if (text.startsWith("color(srgb")) {
      return [...numbers.slice(0, 3).map((n) => n * 255), numbers[3] ?? 1];
    }
    return [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (color) => {
    const [r, g, b] = color.map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || seen.has(element)) continue;
    seen.add(element);
    if (!element.checkVisibility({ visibilityProperty: true }) || !element.getClientRects().length) continue;
    if (["SCRIPT", "STYLE", "TITLE", "title", "OPTION"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement ? style.fill : style.color;
    const below = behind(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(over(parse(drawn), below), below);
    if (found < (large ? 3 : 4.5)) {
      wrong.push(`contrast ${found.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
    }
  }

  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!field.labels?.length && !field.ariaLabel) wrong.push(`no label: ${field.outerHTML}`);
  }
  for (const each of document.querySelectorAll("button, a[href]")) {
    if (!each.textContent.trim() && !each.ariaLabel) wrong.push(`no name: ${each.outerHTML}`);
  }
  for (const each of document.querySelectorAll("img:not([alt]), iframe:not([title])")) {
    wrong.push(`no words: ${each.outerHTML}`);
  }
  for (const each of document.querySelectorAll("svg:not([aria-hidden]):not(svg svg)")) {
    if (each.getAttribute("role") !== "img" || !each.getAttribute("aria-label")) {
      wrong.push(`a drawing without words: ${each.outerHTML.slice(0, 80)}`);
    }
  }
  let level = 0;
  for (const head of document.querySelectorAll("h1, h2, h3, h4")) {
    const mine = Number(head.tagName[1]);
    if (mine > level + 1) wrong.push(`a head of level ${mine} below ${level}: ${head.textContent}`);
    level = mine;
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) wrong.push(`${wide} pixels wider than the window`);
  return wrong;
}
