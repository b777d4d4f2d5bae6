// Sizes by directory, before and after. Each directory stands at the same place on both sides, as
// large as its larger size, and is filled as far as it is large there.

const sizes = page.sizes;
const cellNames = new Lines(sizes.names);
const cellWords = new Lines(sizes.words);
// The cells that lie in each, largest first.
const cellsIn = sizes.parents.map(() => []);
sizes.parents.forEach((parent, cell) => { if (parent >= 0) cellsIn[parent].push(cell); });
const weight = (cell) => Math.max(sizes.old[cell], sizes.new[cell]);
for (const cells of cellsIn) cells.sort((a, b) => weight(b) - weight(a) || a - b);

const SVG = document.getElementById("old-map").namespaceURI;
// Cells with fewer square pixels are not drawn one by one; how many are drawn at most.
const MIN_AREA = 24, MAX_DRAWN = 700;
const HEADING = 16;
// Rows of the table.
const MAX_LISTED = 15;
let zoomed = 0;

// Cuts a rectangle into one for each weight, as near to squares as it gets.
function squarify(cells, box) {
  const placed = [];
  let { x, y, w, h } = box;
  let left = cells.reduce((sum, cell) => sum + weight(cell), 0);
  for (let at = 0; at < cells.length && left > 0 && w > 0 && h > 0;) {
    const side = Math.min(w, h), unit = (w * h) / left;
    const strip = [];
    let sum = 0, worst = Infinity;
    for (let next = at; next < cells.length; next++) {
      const more = sum + weight(cells[next]);
      const long = (more * unit) / side;
      const shape = Math.max((weight(cells[at]) * unit) / (long * long), (long * long) / (weight(cells[next]) * unit));
      if (shape > worst) break;
      worst = shape;
      sum = more;
      strip.push(cells[next]);
    }
    const thick = (sum * unit) / side;
    let along = 0;
    for (const cell of strip) {
      const long = sum ? (weight(cell) / sum) * side : 0;
      placed.push(w >= h ? { cell, x, y: y + along, w: thick, h: long } : { cell, x: x + along, y, w: long, h: thick });
      along += long;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
    left -= sum;
    at += strip.length;
  }
  return placed;
}

// Where the cells of a directory stand: its own, and as far as there is room what lies in those.
function layout(top, width, height) {
  const boxes = [], waiting = [{ cell: top, level: 0, x: 0, y: 0, w: width, h: height }];
  for (let at = 0; at < waiting.length && boxes.length < MAX_DRAWN; at++) {
    const box = waiting[at];
    const inside = cellsIn[box.cell];
    const isGroup = box.level === 0 || (box.level < 3 && inside.length && box.w > 70 && box.h > 50);
    boxes.push({ ...box, isGroup: isGroup && inside.length > 0 });
    if (!isGroup || !inside.length) continue;
    const head = box.level ? HEADING : 0, edge = box.level ? 2 : 0;
    const room = { x: box.x + edge, y: box.y + head, w: box.w - 2 * edge, h: box.h - head - edge };
    for (const part of squarify(inside, room)) {
      if (part.w * part.h >= MIN_AREA) waiting.push({ ...part, level: box.level + 1, under: box.level ? box.under : part.cell });
    }
  }
  return boxes.filter((box) => box.level > 0 || !box.isGroup);
}

function shape(name, fields) {
  const made = document.createElementNS(SVG, name);
  for (const [field, value] of Object.entries(fields)) made.setAttribute(field, value);
  return made;
}

const cellName = (cell) => cellNames.get(cell) || "other files";

function cellPath(cell) {
  const parts = [];
  for (let at = cell; at > 0; at = sizes.parents[at]) if (cellNames.get(at)) parts.push(cellNames.get(at));
  return "/" + parts.reverse().join("/");
}

// Draws one side: `whole` and `changed` are its columns.
function drawSide(map, boxes, whole, changed, part) {
  const made = boxes.map((box) => {
    const group = shape("g", { class: "cell", "data-cell": box.under === undefined ? box.cell : box.under });
    const w = Math.max(box.w - 1, 0), h = Math.max(box.h - 1, 0);
    group.append(shape("rect", { class: "box", x: box.x + .5, y: box.y + .5, width: w, height: h }));
    if (!box.isGroup) {
      const most = weight(box.cell) || 1;
      const full = h * (whole[box.cell] / most), differs = h * (changed[box.cell] / most);
      group.append(shape("rect", { "data-part": "kept", x: box.x + .5, y: box.y + .5 + h - full, width: w, height: full - differs }));
      group.append(shape("rect", { "data-part": part, x: box.x + .5, y: box.y + .5 + h - differs, width: w, height: differs }));
    }
    const [old, now, difference] = cellWords.get(box.cell).split("\t");
    const title = shape("title", {});
    title.textContent = `${cellPath(box.cell)}${cellNames.get(box.cell) ? "" : " (other files)"}\n${old} → ${now} (${difference})`;
    group.append(title);
    const letters = Math.floor((box.w - 8) / 6.7);
    if (letters >= 3 && box.h >= 15) {
      const name = cellName(box.cell);
      const text = shape("text", { x: box.x + 5, y: box.y + 12 });
      text.textContent = name.length > letters ? name.slice(0, letters - 1) + "…" : name;
      group.append(text);
    }
    return group;
  });
  map.replaceChildren(...made);
}

function drawSizes() {
  const maps = [document.getElementById("old-map"), document.getElementById("new-map")];
  const { width, height } = maps[0].getBoundingClientRect();
  const boxes = layout(zoomed, width, height);
  drawSide(maps[0], boxes, sizes.old, sizes.gone, "gone");
  drawSide(maps[1], boxes, sizes.new, sizes.fresh, "fresh");
  const [old, now] = cellWords.get(zoomed).split("\t");
  document.getElementById("old-total").textContent = old;
  document.getElementById("new-total").textContent = now;
  maps[0].setAttribute("aria-label", `Sizes in ${cellPath(zoomed)} before, ${old} in all; the table below has them`);
  maps[1].setAttribute("aria-label", `Sizes in ${cellPath(zoomed)} after, ${now} in all; the table below has them`);
}

function drawCrumbs() {
  const made = [];
  for (let at = zoomed; at >= 0; at = sizes.parents[at]) {
    const crumb = element("button", { type: "button" }, cellNames.get(at));
    if (at === zoomed) crumb.setAttribute("aria-current", "location");
    crumb.addEventListener("click", () => zoom(at));
    made.unshift(crumb);
    if (sizes.parents[at] > 0) made.unshift("/");
  }
  made.push(element("button", { type: "button", className: "show", "data-path": cellPath(zoomed) }, "Show in the tree"));
  document.getElementById("crumbs").replaceChildren(...made);
}

// The same as a table, which needs no eyes for shapes.
function listSizes() {
  const inside = cellsIn[zoomed].length ? cellsIn[zoomed] : [zoomed];
  const rows = inside.slice(0, MAX_LISTED).map((cell) => {
    const name = cellsIn[cell].length && cell !== zoomed
      ? element("button", { type: "button", className: "path" }, cellName(cell)) : cellName(cell);
    if (name instanceof Element) name.addEventListener("click", () => zoom(cell));
    const values = cellWords.get(cell).split("\t").map((value) => element("td", {}, value));
    return element("tr", {}, element("th", { scope: "row" }, name), ...values);
  });
  const more = inside.length - MAX_LISTED;
  if (more > 0) rows.push(element("tr", {}, element("td", { colSpan: 4, className: "more" }, `${counted(more, "smaller one", "smaller ones")} not listed`)));
  document.querySelector("#size-table tbody").replaceChildren(...rows);
}

function zoom(cell) {
  zoomed = cell;
  drawSizes();
  drawCrumbs();
  listSizes();
}

document.querySelector(".maps").addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  const at = cell && Number(cell.dataset.cell);
  if (cell && at !== zoomed && cellsIn[at].length) zoom(at);
});
addEventListener("resize", drawSizes);
zoom(0);
