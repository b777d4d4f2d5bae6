"use strict";
// The data: columns with one place for each row of the tree. Rows are in the order in which a tree
// that is wholly unfolded shows them; a row's depth says what it lies in. Row 0 is "/".

const page = JSON.parse(document.getElementById("data").textContent);
const rowCount = page.letters.length;
const KINDS = "ADMmTRL";
const KIND_NAMES = {
  A: "added", D: "deleted", M: "content", m: "metadata", T: "type", R: "renamed or moved", L: "hard link",
};

// A text of many lines, of which one is taken at a time.
class Lines {
  constructor(text) {
    this.text = text;
    let count = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
    this.starts = new Uint32Array(count + 1);
    for (let line = 1, at = 0; line <= count; line++) {
      at = text.indexOf("\n", at) + 1;
      this.starts[line] = at;
    }
  }
  get(line) { return this.text.slice(this.starts[line], this.starts[line + 1] - 1); }
}

const names = new Lines(page.names);
const words = new Lines(page.word_list);

const depths = Int32Array.from(page.depths);
const parents = new Int32Array(rowCount);
// One past the last row that lies in each.
const ends = new Int32Array(rowCount);
{
  const above = [];
  for (let row = 0; row < rowCount; row++) {
    while (above.length > depths[row]) ends[above.pop()] = row;
    parents[row] = above.length ? above[above.length - 1] : -1;
    above.push(row);
  }
  while (above.length) ends[above.pop()] = rowCount;
}

const hasRows = (row) => ends[row] > row + 1;
const letterOf = (row) => page.letters[row];
const wordsOf = (row) => words.get(page.words[row]).replaceAll("\x7f", " → ");
const bareName = (row) => { const name = names.get(row); return row && name.endsWith("/") ? name.slice(0, -1) : name; };

function pathOf(row) {
  const parts = [];
  for (let at = row; at > 0; at = parents[at]) parts.push(bareName(at));
  const slash = row && names.get(row).endsWith("/") ? "/" : "";
  return "/" + parts.reverse().join("/") + slash;
}

// The row of a path, or of the nearest directory above it that has one.
function rowAt(path) {
  let row = 0;
  for (const part of path.split("/").filter(Boolean)) {
    let at = row + 1;
    while (at < ends[row] && bareName(at) !== part) at = ends[at];
    if (at >= ends[row]) break;
    row = at;
  }
  return row;
}

const counted = (count, one, many) => count.toLocaleString("en-US") + " " + (count === 1 ? one : many);

function element(name, fields = {}, ...inside) {
  const made = document.createElement(name);
  for (const [field, value] of Object.entries(fields)) {
    if (field in made) made[field] = value; else made.setAttribute(field, value);
  }
  made.append(...inside);
  return made;
}

const kindMark = (letter) => element("b", { className: "kind", "data-kind": letter, title: KIND_NAMES[letter] }, letter);
