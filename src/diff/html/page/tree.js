// The tree: which rows are unfolded, which are shown, and the few of them that are seen.

const tree = document.getElementById("tree");
const space = document.getElementById("space");
const rowBox = document.getElementById("rows");
const detail = document.getElementById("detail");

// Whether each row is unfolded; matches() in filters.js says whether it counts.
let open = new Uint8Array(rowCount);
const shown = new Int32Array(rowCount);
let shownCount = 0;
// The place among those shown of the row that the keyboard is at.
let current = 0;

// Browsers make no element much higher; beyond that, scrolling takes larger steps.
const MAX_HEIGHT = 8e6;
const MAX_INDENT = 20;
let rowHeight = 28;

// Unfolds a row, and on while there is but one row in it.
function unfold(row) {
  while (row < rowCount && hasRows(row)) {
    open[row] = 1;
    if (ends[row + 1] !== ends[row]) break;
    row++;
  }
}

// Finds what is shown, and stays at the row where it was.
function refresh() {
  const row = shown[current];
  shownCount = 0;
  for (let at = 0; at < rowCount;) {
    if (!countsBelow(at)) { at = ends[at]; continue; }
    shown[shownCount++] = at;
    at = open[at] ? at + 1 : ends[at];
  }
  current = Math.max(placeOf(row), 0);
  rowHeight = parseFloat(getComputedStyle(tree).getPropertyValue("--row")) || rowHeight;
  space.style.height = Math.min(shownCount * rowHeight, MAX_HEIGHT) + "px";
  draw();
}

// The place of the last shown row that is not behind this one.
function placeOf(row) {
  let low = 0, high = shownCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shown[middle] <= row) low = middle + 1; else high = middle;
  }
  return low - 1;
}

// How many pixels of rows one pixel of scrolling stands for.
function scale() {
  const full = shownCount * rowHeight - tree.clientHeight;
  const high = Math.min(shownCount * rowHeight, MAX_HEIGHT) - tree.clientHeight;
  return high > 0 ? full / high : 1;
}

function draw() {
  const top = tree.scrollTop * scale();
  const first = Math.max(Math.floor(top / rowHeight) - 4, 0);
  const last = Math.min(Math.ceil((top + tree.clientHeight) / rowHeight) + 4, shownCount);
  const made = [];
  for (let place = first; place < last; place++) {
    const row = rowElement(shown[place], place === current);
    row.style.top = tree.scrollTop + place * rowHeight - top + "px";
    made.push(row);
  }
  rowBox.replaceChildren(...made);
  if (current >= first && current < last) tree.setAttribute("aria-activedescendant", "row-" + shown[current]);
  else tree.removeAttribute("aria-activedescendant");
}

function rowElement(row, isCurrent) {
  const letter = letterOf(row), isChanged = letter !== ".";
  const made = element("div", {
    className: countsOf("*", row, row + 1) ? "row" : "row beside", id: "row-" + row, role: "treeitem",
    "aria-level": depths[row] + 1, "aria-selected": isCurrent,
  });
  made.style.setProperty("--level", Math.min(depths[row], MAX_INDENT));
  if (hasRows(row)) made.setAttribute("aria-expanded", open[row] ? "true" : "false");
  made.append(element("span", { className: "fold", "aria-hidden": "true" }));
  if (isChanged) made.append(kindMark(letter));
  made.append(element("span", { className: isChanged ? "name" : "name unchanged" }, names.get(row)));
  made.append(element("span", { className: "words" }, wordsOf(row)));
  if (hasRows(row)) made.append(countsElement(row));
  return made;
}

// How many rows of each kind lie in a directory.
function countsElement(row) {
  const made = element("span", { className: "counts" });
  for (const letter of KINDS) {
    const count = countsOf(letter, row + 1, ends[row]);
    if (count) made.append(element("span", {}, kindMark(letter), count.toLocaleString("en-US")));
  }
  return made;
}

// Goes to a place among the rows that are shown.
function goTo(place) {
  current = Math.min(Math.max(place, 0), shownCount - 1);
  const top = tree.scrollTop * scale(), at = current * rowHeight;
  if (at < top) tree.scrollTop = at / scale();
  else if (at + rowHeight > top + tree.clientHeight) tree.scrollTop = (at + rowHeight - tree.clientHeight) / scale();
  draw();
  tell(shown[current]);
}

// Says all of a row below the tree, where nothing is cut.
function tell(row) {
  const told = wordsOf(row);
  const items = told ? told.split("; ").map((part) => element("li", {}, part)) : [];
  const letter = letterOf(row);
  if (letter !== ".") items.unshift(element("li", {}, KIND_NAMES[letter]));
  detail.replaceChildren(element("code", { className: "path" }, pathOf(row)), element("ul", {}, ...items));
  detail.hidden = false;
}

function setOpen(row, isOpen) {
  if (isOpen) unfold(row); else open[row] = 0;
  refresh();
}

// Unfolds what a path lies in, and goes there.
function reveal(path) {
  clearFilters();
  const row = rowAt(path);
  for (let at = parents[row]; at >= 0; at = parents[at]) open[at] = 1;
  refresh();
  goTo(placeOf(row));
  document.getElementById("changes").scrollIntoView({ block: "start" });
  tree.focus({ preventScroll: true });
}

tree.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
tree.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (!row) return;
  const at = Number(row.id.slice(4));
  if (hasRows(at)) setOpen(at, !open[at]);
  goTo(placeOf(at));
});
document.addEventListener("click", (event) => {
  const path = event.target.closest("[data-path]");
  if (path) reveal(path.dataset.path);
});
addEventListener("resize", () => refresh());
