// What narrows the tree: kinds, attributes, and a part of the path. Nothing chosen means all.

const search = document.getElementById("search");
const status = document.getElementById("status");
const clear = document.getElementById("clear");
const chosenKinds = new Set(), chosenAttributes = new Set();
// Attributes that are offered before "more" is pressed.
const OFFERED = 12;

// Of each kind, how many rows that count come before each row; and of all kinds.
const before = {};
for (const letter of KINDS + "*") before[letter] = new Uint32Array(rowCount + 1);
const countsOf = (letter, from, to) => before[letter][to] - before[letter][from];
const countsBelow = (row) => countsOf("*", row, ends[row]) > 0;
// The rows of each kind and attribute, whatever is chosen.
const totals = {}, attributeTotals = page.attributes.map(() => 0);
// What was unfolded before a search unfolded what it found.
let openBefore = null;

// Which rows have the text in their path, and which of them in their own name or across its start.
function found(text) {
  const hit = new Uint8Array(rowCount), own = new Uint8Array(rowCount);
  const parts = (/[A-Z]/.test(text) ? text : text.toLowerCase()).split("/");
  const fold = /[A-Z]/.test(text) ? (name) => name : (name) => name.toLowerCase();
  const last = parts[parts.length - 1];
  for (let row = 1; row < rowCount; row++) {
    if (hit[parents[row]]) { hit[row] = 1; continue; }
    const name = fold(bareName(row));
    const fits = parts.length === 1 ? name.includes(last) : name.startsWith(last) && fitsAbove(parts, row, fold);
    if (fits) hit[row] = own[row] = 1;
  }
  return { hit, own };
}

function fitsAbove(parts, row, fold) {
  let at = parents[row];
  for (let part = parts.length - 2; part > 0; part--, at = parents[at]) {
    if (at <= 0 || fold(bareName(at)) !== parts[part]) return false;
  }
  return parts[0] === "" || (at > 0 && fold(bareName(at)).endsWith(parts[0]));
}

// Counts the rows that are wanted, and shows them.
function filter() {
  const text = search.value.trim();
  const result = text ? found(text) : null;
  const wantedSets = page.set_list.map((set) => !chosenAttributes.size || set.some((name) => chosenAttributes.has(name)));
  const running = {};
  for (const letter of KINDS + "*") running[letter] = 0;
  const columns = [...KINDS].map((letter) => before[letter]), all = before["*"];
  const sums = columns.map(() => 0);
  let sum = 0;
  for (let row = 0; row < rowCount; row++) {
    const kind = KINDS.indexOf(page.letters[row]);
    if (kind >= 0 && (!result || result.hit[row]) && wantedSets[page.sets[row]]
        && (!chosenKinds.size || chosenKinds.has(KINDS[kind]))) {
      sums[kind]++;
      sum++;
    }
    for (let at = 0; at < sums.length; at++) columns[at][row + 1] = sums[at];
    all[row + 1] = sum;
  }
  unfoldFound(result);
  const total = Object.values(totals).reduce((a, b) => a + b, 0);
  const isNarrow = text || chosenKinds.size || chosenAttributes.size;
  status.textContent = isNarrow
    ? `${sum.toLocaleString("en-US")} of ${counted(total, "changed entry", "changed entries")}`
    : counted(total, "changed entry", "changed entries");
  clear.hidden = !isNarrow;
  tree.scrollTop = 0;
  current = 0;
  refresh();
}

// During a search, what leads to something found is unfolded.
function unfoldFound(result) {
  if (!result) {
    if (openBefore) open = openBefore;
    openBefore = null;
    return;
  }
  openBefore = openBefore || open;
  open = new Uint8Array(rowCount);
  for (let row = 1; row < rowCount; row++) {
    if (!result.own[row]) continue;
    for (let at = parents[row]; at >= 0 && !open[at]; at = parents[at]) open[at] = 1;
  }
}

function clearFilters() {
  if (!search.value && !chosenKinds.size && !chosenAttributes.size) return;
  search.value = "";
  chosenKinds.clear();
  chosenAttributes.clear();
  for (const chip of document.querySelectorAll(".chips [aria-pressed]")) chip.setAttribute("aria-pressed", "false");
  filter();
}

// A button that is pressed or not, for a member of a set.
function chip(set, member, count, ...label) {
  const made = element("button", { type: "button", "aria-pressed": "false" }, ...label, " ",
    element("span", {}, count.toLocaleString("en-US")));
  made.addEventListener("click", () => {
    if (!set.delete(member)) set.add(member);
    made.setAttribute("aria-pressed", set.has(member) ? "true" : "false");
    filter();
  });
  return made;
}

function offer() {
  const setTotals = page.set_list.map(() => 0);
  for (let row = 0; row < rowCount; row++) {
    const letter = page.letters[row];
    if (letter === ".") continue;
    totals[letter] = (totals[letter] || 0) + 1;
    setTotals[page.sets[row]]++;
  }
  page.set_list.forEach((set, at) => set.forEach((name) => { attributeTotals[name] += setTotals[at]; }));
  for (const letter of KINDS) {
    if (!totals[letter]) continue;
    const made = chip(chosenKinds, letter, totals[letter], kindMark(letter), KIND_NAMES[letter]);
    made.dataset.letter = letter;
    document.getElementById("kinds").append(made);
  }
  const box = document.getElementById("attributes");
  const order = page.attributes.map((_, at) => at).sort((a, b) => attributeTotals[b] - attributeTotals[a] || a - b);
  const chips = order.map((at) => {
    const made = chip(chosenAttributes, at, attributeTotals[at], page.attributes[at]);
    made.dataset.attribute = page.attributes[at];
    return made;
  });
  chips.forEach((made, at) => { made.hidden = at >= OFFERED; box.append(made); });
  if (chips.length > OFFERED) {
    const more = element("button", { type: "button" }, `${chips.length - OFFERED} more`);
    more.addEventListener("click", () => { chips.forEach((made) => { made.hidden = false; }); more.remove(); });
    box.append(more);
  }
}

let waiting = 0;
search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, rowCount > 50000 ? 150 : 0); });
clear.addEventListener("click", clearFilters);
document.getElementById("unfold").addEventListener("click", () => { open.fill(1); refresh(); });
document.getElementById("fold").addEventListener("click", () => { open.fill(0); unfold(0); tree.scrollTop = 0; refresh(); });

offer();
unfold(0);
filter();
// When the first rows are there, for whoever measures.
performance.mark("rows");
